/** The request line of an HTTP/1 request, and the headers that describe its body. */
export interface HttpRequest {
  readonly method: string;
  readonly target: string;
  /** Empty for HTTP/0.9, which does not send one. */
  readonly version: string;
  readonly host: string | undefined;
  readonly headers: BodyHeaders;
}

export interface HttpResponse {
  readonly version: string;
  readonly status: number;
  readonly headers: BodyHeaders;
}

/** The headers that determine the length of the body. */
export interface BodyHeaders {
  readonly contentLength: number | undefined;
  readonly isChunked: boolean;
  readonly upgrade: boolean;
}

/** The connection preface of HTTP/2 (RFC 9113, 3.4). */
export const HTTP2_PREFACE = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';

/** As lenient as servers: the target may be missing, contain spaces, or be followed by an incomplete version. */
const REQUEST = /^([A-Za-z][A-Za-z_-]{0,19})(?: +(?!HTTP\/\d)(.*?))?(?: +HTTP\/(\d*\.?\d*))? *$/;
const RESPONSE = /^HTTP\/(\d+\.\d+) +(\d{3})(?: |$)/;
const METHODS =
  /^(?:GET|POST|PUT|HEAD|DELETE|OPTIONS|PATCH|CONNECT|TRACE|PROPFIND|QUERY)(?: |\r?\n)/;
/** Any other method (WebDAV, UPnP): its line must have a version, or only a path. */
const OTHER_METHOD = /^[A-Z][A-Z_-]{2,19} (?:\S+ HTTP\/1|\/\S*\r?\n)/;
const MAX_LINE = 2_000;

/** Whether an HTTP/1 request or response, or the HTTP/2 preface, may begin at `at`. */
export function looksLikeHttp(bytes: Uint8Array, at: number, end: number): boolean {
  const first = bytes[at] as number;
  // Requests and responses begin with an upper-case letter. This check is cheaper than decoding every segment as text.
  if (first < 0x41 || first > 0x5a) return false;
  const start = latin1(bytes, at, Math.min(end, at + 16));
  if (METHODS.test(start) || start.startsWith('HTTP/1.') || start.startsWith('PRI * HTTP/2.0'))
    return true;
  return (
    /^[A-Z_-]{3,} /.test(start) &&
    OTHER_METHOD.test(latin1(bytes, at, Math.min(end, at + MAX_LINE)))
  );
}

const REQUEST_LINE = /^[A-Z][A-Z_-]{2,19} \S+ HTTP\/1\.[01]\r?\n/;
const STATUS_LINE = /^HTTP\/1\.[01] [1-5]\d\d[ \r\n]/;

/** Whether a whole first line of an HTTP/1 message begins at `at`. Stricter than looksLikeHttp. */
export function startsHttpMessage(
  bytes: Uint8Array,
  at: number,
  end: number,
  isRequest: boolean,
): boolean {
  const first = bytes[at] as number;
  if (first < 0x41 || first > 0x5a) return false;
  const line = latin1(bytes, at, Math.min(end, at + MAX_LINE));
  return (isRequest ? REQUEST_LINE : STATUS_LINE).test(line);
}

/** Reads the head of a request, without its empty line; undefined if it is not a request. */
export function readRequest(head: string): HttpRequest | undefined {
  const [line = '', ...lines] = head.split(/\r?\n/);
  const match = REQUEST.exec(line);
  if (!match) return undefined;
  const [, method = '', target = '', version = ''] = match;
  return { method, target, version, host: findHeader(lines, 'host'), headers: bodyHeaders(lines) };
}

/** Reads the head of a response; undefined if it is not a response. */
export function readResponse(head: string): HttpResponse | undefined {
  const [line = '', ...lines] = head.split(/\r?\n/);
  const match = RESPONSE.exec(line);
  if (!match) return undefined;
  return { version: match[1] ?? '', status: Number(match[2]), headers: bodyHeaders(lines) };
}

function bodyHeaders(lines: readonly string[]): BodyHeaders {
  const length = findHeader(lines, 'content-length');
  return {
    contentLength: length !== undefined && /^0*\d{1,15}$/.test(length) ? Number(length) : undefined,
    isChunked: /\bchunked\b/i.test(findHeader(lines, 'transfer-encoding') ?? ''),
    upgrade: findHeader(lines, 'upgrade') !== undefined,
  };
}

/** The value of the last header with this name, which must be in lower case. The first one would be no safer. */
function findHeader(lines: readonly string[], name: string): string | undefined {
  let value: string | undefined;
  for (const line of lines) {
    const colon = line.indexOf(':');
    if (colon === name.length && line.slice(0, colon).toLowerCase() === name)
      value = line.slice(colon + 1).trim();
  }
  return value;
}

/** Decodes the bytes as Latin-1: one character for each byte. */
export function latin1(bytes: Uint8Array, from: number, to: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + from, to - from).toString('latin1');
}
