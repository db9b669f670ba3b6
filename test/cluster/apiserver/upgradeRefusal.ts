import { STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { KubeletError } from './podStreams.ts';
import { apiHeaders, asApiError, retryAfterOf } from './respond.ts';
import { AuthorizerRefusal, PlainRefusal } from './status.ts';

/** The response to a refused upgrade request. */
export class UpgradeRefusal extends Error {
  readonly code: number;
  readonly headers: Readonly<Record<string, string | string[]>>;
  readonly body: string;
  /** Whether the connection is closed after it. */
  readonly closes: boolean;

  constructor(answer: Pick<UpgradeRefusal, 'code' | 'headers' | 'body' | 'closes'>) {
    super(answer.body);
    this.name = 'UpgradeRefusal';
    this.code = answer.code;
    this.headers = answer.headers;
    this.body = answer.body;
    this.closes = answer.closes;
  }
}

/**
 * Responds to a refused upgrade request. Returns whether the connection stays open for another request, as after a
 * refusal by the API server itself. It closes connections after it has forwarded a kubelet's refusal.
 */
export function refuseUpgrade(socket: Duplex, error: unknown): boolean {
  const { code, headers, body, closes } = refusalOf(error);
  const all = {
    ...headers,
    date: new Date().toUTCString(),
    'content-length': String(Buffer.byteLength(body)),
  };
  const lines = Object.entries(all).flatMap(([name, values]) =>
    [values].flat().map((value) => `${name}: ${value}`),
  );
  const head = [`HTTP/1.1 ${code} ${STATUS_CODES[code] ?? ''}`, ...lines].join('\r\n');
  socket.write(`${head}\r\n\r\n${body}`);
  if (closes) socket.end();
  return !closes;
}

/** Responds to a websocket that offers no known protocol, as the API server's websocket library does. */
export function refuseProtocol(socket: Duplex): void {
  socket.end('HTTP/1.1 403 Forbidden\r\nConnection: close\r\n\r\n');
}

function refusalOf(error: unknown): UpgradeRefusal {
  if (error instanceof UpgradeRefusal) return error;
  const retryAfter = retryAfterOf(error);
  const later = retryAfter === undefined ? undefined : { 'retry-after': String(retryAfter) };
  if (error instanceof KubeletError || error instanceof PlainRefusal)
    return new UpgradeRefusal({
      code: error.code,
      headers: { 'content-type': 'text/plain; charset=utf-8', ...later },
      body: error.message,
      closes: error instanceof KubeletError,
    });
  const refusal = asApiError(error);
  const sniffing = refusal instanceof AuthorizerRefusal && { 'x-content-type-options': 'nosniff' };
  return new UpgradeRefusal({
    code: refusal.code,
    headers: { ...apiHeaders(), ...later, ...sniffing },
    body: `${JSON.stringify(refusal.status)}\n`,
    closes: false,
  });
}
