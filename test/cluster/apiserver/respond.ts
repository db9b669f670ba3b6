import { randomUUID } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { ApiError, internalError } from './status.ts';

/** The headers of every answer of the API itself. */
export function apiHeaders(contentType = 'application/json'): Record<string, string> {
  return {
    'audit-id': randomUUID(),
    'cache-control': 'no-cache, private',
    'content-type': contentType,
  };
}

export function respondJson(
  response: ServerResponse,
  code: number,
  body: unknown,
  contentType?: string,
): void {
  const text = Buffer.from(`${JSON.stringify(body)}\n`);
  response.writeHead(code, { ...apiHeaders(contentType), 'content-length': text.length });
  response.end(text);
}

export function respondText(response: ServerResponse, code: number, text: string): void {
  response.writeHead(code, apiHeaders('text/plain; charset=utf-8'));
  response.end(text);
}

export function respondProtobuf(response: ServerResponse, bytes: Buffer): void {
  response.writeHead(200, apiHeaders('application/octet-stream'));
  response.end(bytes);
}

export function respondError(response: ServerResponse, error: unknown): void {
  const refusal = asApiError(error);
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const retryAfter = refusal.status.details?.retryAfterSeconds;
  if (retryAfter !== undefined) response.setHeader('retry-after', retryAfter);
  if (refusal.code === 403) response.setHeader('x-content-type-options', 'nosniff');
  respondJson(response, refusal.code, refusal.status);
}

/** Anything that was thrown as what the client is told. */
export function asApiError(error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  return internalError(error instanceof Error ? error.message : String(error));
}
