import { randomUUID } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { ApiError, AuthorizerRefusal, internalError, PlainRefusal } from './status.ts';

/** The headers of every answer of the API itself. */
export function apiHeaders(
  contentType = 'application/json',
  cacheControl = 'no-cache, private',
): Record<string, string> {
  return {
    'audit-id': randomUUID(),
    'cache-control': cacheControl,
    'content-type': contentType,
  };
}

export function respondJson(
  response: ServerResponse,
  code: number,
  body: unknown,
  contentType?: string,
  cacheControl?: string,
): void {
  const text = Buffer.from(`${JSON.stringify(body)}\n`);
  response.writeHead(code, {
    ...apiHeaders(contentType, cacheControl),
    'content-length': text.length,
  });
  response.end(text);
}

export function respondText(response: ServerResponse, code: number, text: string): void {
  // As in Go's http.Error and the health checks.
  response.setHeader('x-content-type-options', 'nosniff');
  response.writeHead(code, apiHeaders('text/plain; charset=utf-8'));
  response.end(text);
}

export function respondProtobuf(response: ServerResponse, bytes: Buffer): void {
  response.writeHead(200, apiHeaders('application/octet-stream'));
  response.end(bytes);
}

export function respondError(response: ServerResponse, error: unknown): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const retryAfter = retryAfterOf(error);
  if (retryAfter !== undefined) response.setHeader('retry-after', retryAfter);
  if (error instanceof PlainRefusal) {
    respondText(response, error.code, error.message);
    return;
  }
  const refusal = asApiError(error);
  if (refusal instanceof AuthorizerRefusal) response.setHeader('x-content-type-options', 'nosniff');
  respondJson(response, refusal.code, refusal.status);
}

/** Seconds after which a refused client may retry, if the refusal contains that. */
export function retryAfterOf(error: unknown): number | undefined {
  if (error instanceof PlainRefusal) return error.retryAfterSeconds;
  return error instanceof ApiError ? error.status.details?.retryAfterSeconds : undefined;
}

/** Converts a thrown value to the error for the client. */
export function asApiError(error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  return internalError(error instanceof Error ? error.message : String(error));
}
