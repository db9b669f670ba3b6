import {
  type BodyHeaders,
  HTTP2_PREFACE,
  latin1,
  readRequest,
  readResponse,
  startsHttpMessage,
} from '../../packets/http.ts';
import type { Arrival, StreamConsumer } from '../byteStream.ts';
import type { HttpFacts } from './httpFacts.ts';

/** Heads of HTTP messages are not longer. */
const MAX_HEAD_BYTES = 64 * 1024;
const MAX_TEXT = 2_000;
/** "application/grpc" as compressed by HTTP/2 (the Huffman code of HPACK, RFC 7541). */
const GRPC_HUFFMAN = Buffer.from('1d75d0620d263d4c4d6564', 'hex').toString('latin1');
/** The part of an HTTP/2 connection that is searched for it. */
const MAX_HTTP2_BYTES = 16 * 1024;

type State =
  | 'head'
  | 'body'
  | 'chunk-size'
  | 'chunk'
  | 'trailer'
  | 'until-close'
  | 'http2'
  /** Bytes are missing, so the start of the next message is unknown. */
  | 'lost';

/** Reads the messages of one direction of an HTTP/1 connection. Bodies are skipped. */
export class HttpReader implements StreamConsumer {
  isDone = false;
  readonly #facts: HttpFacts;
  readonly #fromClient: boolean;
  #state: State = 'head';
  /** The part of a head or line that has arrived. */
  #text = '';
  #left = 0;
  #headPacket = 0;
  #headTime = 0;

  constructor(facts: HttpFacts, fromClient: boolean) {
    this.#facts = facts;
    this.#fromClient = fromClient;
  }

  data(bytes: Uint8Array, from: number, to: number, arrival: Arrival): void {
    // Senders start a message with a new segment. Inside a segment, bytes that look like a head may be part of a body.
    if (this.#state === 'lost' && startsHttpMessage(bytes, from, to, this.#fromClient)) {
      this.#facts.resumeAfterGap(this.#fromClient);
      this.#state = 'head';
    }
    let at = from;
    while (at < to && !this.isDone) {
      if (this.#facts.isSwitched) {
        this.isDone = true;
        return;
      }
      switch (this.#state) {
        case 'head':
          at = this.#readHead(bytes, at, to, arrival);
          break;
        case 'body':
        case 'chunk': {
          const skippedBytes = Math.min(this.#left, to - at);
          this.#passBody(skippedBytes);
          at += skippedBytes;
          break;
        }
        case 'chunk-size':
        case 'trailer':
          at = this.#readLine(bytes, at, to);
          break;
        case 'http2':
          this.#searchGrpc(latin1(bytes, at, to));
          at = to;
          break;
        case 'until-close':
        case 'lost':
          at = to;
      }
    }
  }

  gap(length: number): void {
    if (this.#state === 'until-close' || this.#state === 'http2') return;
    const isBody = this.#state === 'body' || this.#state === 'chunk';
    if (isBody && length <= this.#left) this.#passBody(length);
    else {
      this.#state = 'lost';
      this.#text = '';
    }
  }

  #readHead(bytes: Uint8Array, from: number, to: number, arrival: Arrival): number {
    if (this.#text === '') {
      // Ignore empty lines between messages (RFC 9112, 2.2).
      let at = from;
      while (at < to && (bytes[at] === 13 || bytes[at] === 10)) at += 1;
      if (at > from) return at;
      this.#headPacket = arrival.packet;
      this.#headTime = arrival.time;
    }
    const before = this.#text.length;
    const text = this.#text + latin1(bytes, from, Math.min(to, from + MAX_HEAD_BYTES));
    if (this.#fromClient && HTTP2_PREFACE.startsWith(text.slice(0, HTTP2_PREFACE.length))) {
      if (text.length < HTTP2_PREFACE.length) {
        this.#text = text;
        return to;
      }
      this.#startHttp2();
      return from + HTTP2_PREFACE.length - before;
    }
    const end =
      headEnd(text, Math.max(0, before - 3)) ??
      (this.#fromClient ? oldRequestEnd(text) : undefined);
    if (end === undefined) {
      this.#text = text;
      if (text.length > MAX_HEAD_BYTES) this.isDone = true;
      return to;
    }
    this.#text = '';
    const head = text.slice(0, end).trimEnd();
    if (this.#fromClient) this.#addRequest(head);
    else this.#addResponse(head);
    return from + end - before;
  }

  #addRequest(head: string): void {
    const request = readRequest(head);
    if (!request) {
      this.isDone = true;
      return;
    }
    const { method, target, host, version, headers } = request;
    this.#facts.version ||= version === '' ? '0.9' : version;
    this.#facts.addRequest({
      method,
      target: target.slice(0, MAX_TEXT),
      host: host?.slice(0, MAX_TEXT),
      status: 0,
      requestPacket: this.#headPacket,
      responsePacket: 0,
      requestTime: this.#headTime,
      responseTime: -1,
    });
    this.#startBody(headers, false);
  }

  #addResponse(head: string): void {
    const response = readResponse(head);
    if (!response) {
      this.isDone = true;
      return;
    }
    const { status, version, headers } = response;
    const facts = this.#facts;
    const pending = facts.oldestPending;
    facts.version ||= version;
    facts.addResponse(status, this.#headPacket, this.#headTime);
    const isTunnel = pending?.method === 'CONNECT' && status >= 200 && status < 300;
    if (status === 101 || isTunnel) {
      facts.isSwitched = true;
      this.isDone = true;
      return;
    }
    const hasNoBody =
      status < 200 || status === 204 || status === 304 || pending?.method === 'HEAD';
    if (!hasNoBody) this.#startBody(headers, true);
  }

  #startBody({ contentLength, isChunked }: BodyHeaders, isResponse: boolean): void {
    if (isChunked) this.#state = 'chunk-size';
    else if (contentLength !== undefined) {
      this.#left = contentLength;
      this.#state = contentLength > 0 ? 'body' : 'head';
    } else this.#state = isResponse ? 'until-close' : 'head';
  }

  #passBody(length: number): void {
    this.#left -= length;
    if (this.#left === 0) this.#state = this.#state === 'chunk' ? 'chunk-size' : 'head';
  }

  /** Reads a line of a chunked body: a size, the empty line before it, or a trailer. */
  #readLine(bytes: Uint8Array, from: number, to: number): number {
    const end = bytes.indexOf(10, from);
    const isWhole = end >= 0 && end < to;
    this.#text += latin1(bytes, from, Math.min(isWhole ? end : to, from + MAX_TEXT));
    if (!isWhole) {
      if (this.#text.length > MAX_TEXT) this.isDone = true;
      return to;
    }
    const line = this.#text.trim();
    this.#text = '';
    if (this.#state === 'trailer') {
      if (line === '') this.#state = 'head';
    } else if (line !== '') {
      const size = /^0*([0-9a-f]{1,12})/i.exec(line);
      if (!size) this.isDone = true;
      this.#left = Number.parseInt(size?.[1] ?? '0', 16);
      this.#state = this.#left > 0 ? 'chunk' : 'trailer';
    }
    return end + 1;
  }

  #startHttp2(): void {
    this.#text = '';
    this.#facts.version = '2';
    this.#state = 'http2';
    this.#left = MAX_HTTP2_BYTES;
  }

  #searchGrpc(text: string): void {
    this.#left -= text.length;
    if (text.includes(GRPC_HUFFMAN) || text.includes('application/grpc')) this.#facts.isGrpc = true;
    if (this.#facts.isGrpc || this.#left <= 0) this.isDone = true;
  }
}

/** The start of the body, after an empty line; undefined if that has not arrived. */
function headEnd(text: string, from: number): number | undefined {
  const crlf = text.indexOf('\r\n\r\n', from);
  const lf = text.indexOf('\n\n', from);
  if (crlf < 0) return lf < 0 ? undefined : lf + 2;
  return lf < 0 || crlf < lf ? crlf + 4 : lf + 2;
}

/** A request of HTTP/0.9 is a single line without a version. */
function oldRequestEnd(text: string): number | undefined {
  const end = text.indexOf('\n');
  return end >= 0 && /^(?:GET|HEAD|POST) +\S+ *\r?\n/.test(text) ? end + 1 : undefined;
}
