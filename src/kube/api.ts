import type { IncomingMessage } from 'node:http';
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { Socket } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { TLSSocket } from 'node:tls';
import { messageOf, Problem } from '../problem.ts';
import { span } from '../timing.ts';
import { apiError, connectionProblem } from './apiError.ts';
import type { Access, Headers } from './authentication.ts';
import { withCredentialRenewal } from './renewal.ts';
import { withTimeout } from './requestTimeout.ts';
import { withRetryAfter } from './retryAfter.ts';

/** Content types of patches that the API server understands. */
type PatchType = 'application/strategic-merge-patch+json' | 'application/merge-patch+json';

interface CallOptions {
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  readonly contentType?: PatchType | 'application/json';
  /** The media type of the answer, if it is not the plain objects. */
  readonly accept?: string;
  readonly signal?: AbortSignal;
}

/** How long the server may stay silent before a request is abandoned. */
const REQUEST_TIMEOUT_MS = 30_000;
/** The same for a stream. API servers send a bookmark about once a minute on a silent watch. */
const STREAM_TIMEOUT_MS = 150_000;

/**
 * The REST side of an API server. Every failure is an ApiError (the server refused) or a Problem (the server could not
 * be reached), with kubectl's wording.
 */
export class KubeApi {
  readonly access: Access;
  #clockOffset = 0;

  constructor(access: Access) {
    this.access = access;
  }

  /** The API server's time in milliseconds, from its last answer. The local time before the first answer. */
  serverTime(): number {
    return Date.now() + this.#clockOffset;
  }

  /** Reads one object or list. `path` begins with /api or /apis. */
  async get<T>(
    path: string,
    options: Pick<CallOptions, 'query' | 'accept' | 'signal'> = {},
  ): Promise<T> {
    return this.#call<T>('GET', path, options);
  }

  async post<T>(
    path: string,
    body: unknown,
    options: Pick<CallOptions, 'query' | 'signal'> = {},
  ): Promise<T> {
    return this.#call<T>('POST', path, { ...options, body });
  }

  async patch<T>(
    path: string,
    body: unknown,
    contentType: PatchType,
    options: Pick<CallOptions, 'query' | 'signal'> = {},
  ): Promise<T> {
    return this.#call<T>('PATCH', path, { ...options, body, contentType });
  }

  /** Requests the deletion of an object, and returns the server's answer. */
  async delete(
    path: string,
    options: Pick<CallOptions, 'query' | 'signal'> = {},
  ): Promise<unknown> {
    return this.#call('DELETE', path, options);
  }

  /** Opens a response that does not end (a watch, a followed log). The caller must read it and destroy it. */
  async stream(
    path: string,
    options: Pick<CallOptions, 'query' | 'signal'>,
  ): Promise<IncomingMessage> {
    return this.#open('GET', path, options, STREAM_TIMEOUT_MS);
  }

  /** Closes idle connections so that the process can exit. */
  close(): void {
    this.access.agent.destroy();
  }

  async #call<T>(method: string, path: string, options: CallOptions): Promise<T> {
    const { requestTimeout, onRequest } = this.access;
    const silenceTimeout = requestTimeout === undefined ? REQUEST_TIMEOUT_MS : 0;
    const onAnswered = onRequest?.();
    const response = withRetryAfter(async () => {
      const body = await withTimeout(requestTimeout, options.signal, async (signal) => {
        const limited = { ...options, ...(signal && { signal }) };
        return this.#body(await this.#open(method, path, limited, silenceTimeout), signal);
      });
      return this.#parse<T>(body);
    }, options.signal);
    return response.finally(onAnswered);
  }

  async #open(
    method: string,
    path: string,
    options: CallOptions,
    timeout: number,
  ): Promise<IncomingMessage> {
    return withCredentialRenewal(
      this.access,
      (authorization) => this.#send(method, path, options, timeout, authorization),
      options.signal,
    );
  }

  async #send(
    method: string,
    path: string,
    { query, body, contentType, accept = 'application/json', signal }: CallOptions,
    timeout: number,
    authorization: Headers,
  ): Promise<IncomingMessage> {
    const { server } = this.access;
    const url = new URL(server);
    url.pathname = joinPath(server.pathname, path);
    url.search = new URLSearchParams(query).toString();
    const payload = body === undefined ? undefined : JSON.stringify(body);
    const headers = {
      accept,
      ...authorization,
      ...(payload !== undefined && { 'content-type': contentType ?? 'application/json' }),
    };
    const send = server.protocol === 'https:' ? httpsRequest : httpRequest;
    const endSpan = span(method, path);
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      const request = send(url, {
        method,
        headers,
        agent: this.access.agent,
        timeout,
        ...(signal && { signal }),
      });
      request.once('response', resolve);
      request.once('socket', traceConnect);
      request.once('timeout', () =>
        request.destroy(new Error(`no answer within ${timeout / 1000} s`)),
      );
      request.once('error', (error) =>
        reject(signal?.aborted ? error : connectionProblem(server, error)),
      );
      request.end(payload);
    }).finally(endSpan);
    const time = Date.parse(response.headers.date ?? '');
    if (!Number.isNaN(time)) this.#clockOffset = time - Date.now();
    const code = response.statusCode ?? 0;
    if (code < 300) return response;
    const retryAfter = response.headers['retry-after'];
    throw apiError(await this.#body(response, signal), { code, server, path, retryAfter });
  }

  async #body(response: IncomingMessage, signal: AbortSignal | undefined): Promise<string> {
    try {
      return await readText(response);
    } catch (error) {
      throw signal?.aborted ? error : connectionProblem(this.access.server, error);
    }
  }

  #parse<T>(body: string): T {
    try {
      return JSON.parse(body) as T;
    } catch (error) {
      throw new Problem(
        `the server ${this.access.server.host} does not respond like an API server: ${messageOf(error)}`,
        {
          kind: 'unreachable',
          next: ['is the address correct? A login page or a proxy may have answered instead'],
          cause: error,
        },
      );
    }
  }
}

/** Unlike Node's stream/consumers, this loads no further modules, which would take longer than a request. */
async function readText(response: IncomingMessage): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  let body = '';
  response.setEncoding('utf8');
  response.on('data', (text: string) => {
    body += text;
  });
  response.once('end', () => resolve(body));
  response.on('error', reject);
  response.once('close', () => reject(new Error('the answer was cut off')));
  return promise;
}

/** Traces how long a new connection takes. */
function traceConnect(socket: Socket): void {
  if (!socket.connecting) return;
  const tls = socket instanceof TLSSocket;
  const endSpan = span(tls ? 'connect and TLS' : 'connect');
  socket.once(tls ? 'secureConnect' : 'connect', endSpan);
  socket.once('close', endSpan);
}

/** A server's address may have its own path, as with Rancher and other front ends. */
export function joinPath(base: string, path: string): string {
  return base.replace(/\/+$/, '') + path;
}

/** Waits. Rejects with the signal's reason as soon as the signal is aborted. */
export async function sleep(milliseconds: number, signal?: AbortSignal): Promise<void> {
  await wait(milliseconds, undefined, signal ? { signal } : {});
}
