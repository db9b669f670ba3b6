import { createHash, randomBytes } from 'node:crypto';
import { type ClientRequest, request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest, type RequestOptions } from 'node:https';
import type { Socket } from 'node:net';
import { FrameReader, type MessagePart, maskedFrame, OPCODE } from './websocketFrames.ts';

export interface WebsocketOptions extends Pick<RequestOptions, 'agent' | 'headers'> {
  /** Offered in this order; the server must choose one. */
  readonly protocols: readonly string[];
  /** Milliseconds of silence after which opening is abandoned. */
  readonly timeout: number;
  /** A larger frame ends the connection. */
  readonly maxFrameBytes: number;
  readonly signal?: AbortSignal | undefined;
  /** Called when the request has been sent, after the connection was made. */
  readonly onSent?: (() => void) | undefined;
}

/** Receives the data of a websocket. */
export interface WebsocketHandler {
  /** Called with a part of a message as soon as it arrives. */
  onData(bytes: Buffer, part: MessagePart): void;
  /** A ping or a pong. */
  onPingOrPong(): void;
  /** Called once, at the end: with the error that ended the connection, if one did. */
  onClose(error: Error | undefined): void;
}

/** The server answered with an ordinary response instead of opening a websocket. */
export class UpgradeRefused extends Error {
  readonly response: IncomingMessage;
  /** Only the beginning of a long one. */
  readonly body: string;

  constructor(response: IncomingMessage, body: string) {
    super(`the server answered ${response.statusCode} to a websocket`);
    this.response = response;
    this.body = body;
  }
}

/** Longer than any refusal of an API server. A proxy may send more, which is discarded. */
const MAX_REFUSAL_CHARACTERS = 64 * 1024;

/** RFC 6455, section 1.3. */
const KEY_SUFFIX = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
const KEY_BYTES = 16;

/**
 * Opens a websocket (RFC 6455, version 13, no extensions) over a connection of the agent. `handle` is called before any
 * data is read, and its result is returned. Rejects with UpgradeRefused, the signal's reason, or the error of the connection.
 */
export async function openWebsocket<Handler extends WebsocketHandler>(
  url: URL,
  options: WebsocketOptions,
  createHandler: (websocket: Websocket) => Handler,
): Promise<Handler> {
  const { protocols, timeout, agent, headers, signal, onSent } = options;
  signal?.throwIfAborted();
  const key = randomBytes(KEY_BYTES).toString('base64');
  const send = url.protocol === 'https:' ? httpsRequest : httpRequest;
  const request = send(url, {
    agent,
    timeout,
    headers: {
      ...headers,
      Connection: 'Upgrade',
      Upgrade: 'websocket',
      'Sec-WebSocket-Version': '13',
      'Sec-WebSocket-Key': key,
      'Sec-WebSocket-Protocol': protocols.join(','),
    },
  });
  const onAbort = () => request.destroy();
  signal?.addEventListener('abort', onAbort, { once: true });
  if (onSent) request.once('finish', onSent);
  try {
    return await new Promise<Handler>((resolve, reject) => {
      request.on('error', reject);
      request.once('timeout', () => request.destroy(new Error('Opening handshake has timed out')));
      request.once('response', (response) =>
        readRefusal(request, response, (body) => reject(new UpgradeRefused(response, body))),
      );
      request.once('upgrade', (response, socket: Socket, head) => {
        try {
          const websocket = new Websocket(socket, checkUpgrade(response, key, protocols));
          const handler = createHandler(websocket);
          websocket.start(handler, head, options.maxFrameBytes);
          resolve(handler);
        } catch (error) {
          socket.destroy();
          reject(error);
        }
      });
      request.end();
    });
  } catch (error) {
    throw signal?.aborted ? signal.reason : error;
  } finally {
    signal?.removeEventListener('abort', onAbort);
  }
}

/** Reads the response, and closes the connection. */
function readRefusal(
  request: ClientRequest,
  response: IncomingMessage,
  done: (body: string) => void,
): void {
  let body = '';
  const finish = () => {
    // API servers keep the connection open. If it were closed later, the agent could use it for the next request.
    request.destroy();
    request.socket?.destroy();
    done(body);
  };
  response.setEncoding('utf8');
  response.on('data', (chunk: string) => {
    if (body.length < MAX_REFUSAL_CHARACTERS) body += chunk;
    else response.destroy();
  });
  response.on('error', () => {});
  response.once('end', finish);
  response.once('close', finish);
}

/** Throws an Error if the response does not match the request. */
function checkUpgrade(
  { headers }: IncomingMessage,
  key: string,
  protocols: readonly string[],
): string {
  if (headers.upgrade?.toLowerCase() !== 'websocket') throw new Error('Invalid Upgrade header');
  const expectedAccept = createHash('sha1')
    .update(key + KEY_SUFFIX)
    .digest('base64');
  if (headers['sec-websocket-accept'] !== expectedAccept)
    throw new Error('Invalid Sec-WebSocket-Accept header');
  if (headers['sec-websocket-extensions'] !== undefined)
    throw new Error('Server chose a websocket extension that was not offered');
  const protocol = headers['sec-websocket-protocol'];
  if (protocol === undefined) throw new Error('Server sent no subprotocol');
  if (!protocols.includes(protocol)) throw new Error('Server sent an invalid subprotocol');
  return protocol;
}

/** The client's end of an open websocket. */
export class Websocket {
  readonly protocol: string;
  readonly #socket: Socket;
  #isClosing = false;
  #error: Error | undefined;

  constructor(socket: Socket, protocol: string) {
    this.#socket = socket;
    this.protocol = protocol;
  }

  /** Starts to read. `head` is the data that arrived with the response. */
  start(handler: WebsocketHandler, head: Buffer, maxFrameBytes: number): void {
    const socket = this.#socket;
    const reader = new FrameReader(
      {
        onData: (bytes, part) => {
          if (!this.#isClosing) handler.onData(bytes, part);
        },
        onControl: (opcode, payload) => {
          if (this.#isClosing) return;
          if (opcode === OPCODE.close) this.#replyToClose(payload);
          else {
            handler.onPingOrPong();
            if (opcode === OPCODE.ping) this.#write(OPCODE.pong, payload);
          }
        },
      },
      maxFrameBytes,
    );
    const read = (chunk: Buffer) => {
      try {
        if (!this.#isClosing) reader.read(chunk);
      } catch (error) {
        this.#isClosing = true;
        this.#error ??= error as Error;
        socket.destroy();
      }
    };
    socket.setTimeout(0);
    socket.setNoDelay(true);
    socket.on('error', (error) => {
      this.#error ??= error;
    });
    socket.on('end', () => socket.end());
    socket.once('close', () => {
      // Data that arrived before the connection broke, but was not read yet because the reader is slow.
      const rest: Buffer | null = socket.read();
      if (rest) read(rest);
      this.#isClosing = true;
      handler.onClose(this.#error);
    });
    if (head.length > 0) read(head);
    socket.on('data', read);
  }

  get isOpen(): boolean {
    return !this.#isClosing && this.#socket.writable;
  }

  get isPaused(): boolean {
    return this.#socket.isPaused();
  }

  /** Stops reading from the connection, so that TCP stops the server. Data that was already read is still delivered. */
  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  /** Sends a binary message, and overwrites `payload`. `done` is called when the system has accepted it. */
  send(payload: Buffer, done?: (error?: Error | null) => void): void {
    this.#write(OPCODE.binary, payload, done);
  }

  ping(): void {
    this.#write(OPCODE.ping, Buffer.alloc(0));
  }

  /** Ends the connection at once. */
  terminate(): void {
    this.#socket.destroy();
  }

  /** The server sends no more data, and waits for an answer. */
  #replyToClose(payload: Buffer): void {
    this.#isClosing = true;
    const code = payload.subarray(0, CLOSE_CODE_BYTES);
    this.#write(OPCODE.close, Buffer.from(code));
    this.#socket.destroySoon();
  }

  #write(opcode: number, payload: Buffer, done?: (error?: Error | null) => void): void {
    const socket = this.#socket;
    socket.cork();
    socket.write(maskedFrame(opcode, payload));
    socket.write(payload, done);
    socket.uncork();
  }
}

const CLOSE_CODE_BYTES = 2;
