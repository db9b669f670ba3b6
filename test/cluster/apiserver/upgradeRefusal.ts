import { STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { KubeletError } from './podStreams.ts';
import { apiHeaders, asApiError, retryAfterOf } from './respond.ts';
import { AuthorizerRefusal, PlainRefusal } from './status.ts';

/** Answers an upgrade request that is refused, and closes the connection. */
export function refuseUpgrade(socket: Duplex, error: unknown): void {
  const retryAfter = retryAfterOf(error);
  const later = retryAfter === undefined ? undefined : { 'retry-after': String(retryAfter) };
  if (error instanceof KubeletError || error instanceof PlainRefusal) {
    const headers = { 'content-type': 'text/plain; charset=utf-8', ...later };
    writeResponse(socket, error.code, headers, error.message);
    return;
  }
  const refusal = asApiError(error);
  writeResponse(
    socket,
    refusal.code,
    {
      ...apiHeaders(),
      ...later,
      ...(refusal instanceof AuthorizerRefusal && { 'x-content-type-options': 'nosniff' }),
    },
    `${JSON.stringify(refusal.status)}\n`,
  );
}

/** Answers a websocket that offers no protocol of ours, as the API server's websocket library does. */
export function refuseProtocol(socket: Duplex): void {
  socket.end('HTTP/1.1 403 Forbidden\r\nConnection: close\r\n\r\n');
}

function writeResponse(
  socket: Duplex,
  code: number,
  headers: Readonly<Record<string, string>>,
  body: string,
): void {
  const all = {
    ...headers,
    date: new Date().toUTCString(),
    'content-length': Buffer.byteLength(body),
    connection: 'close',
  };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}`);
  const head = [`HTTP/1.1 ${code} ${STATUS_CODES[code] ?? ''}`, ...lines].join('\r\n');
  socket.end(`${head}\r\n\r\n${body}`);
}
