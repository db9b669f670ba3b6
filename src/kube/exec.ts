import { Readable, Writable } from 'node:stream';
import { errorCode } from '../problem.ts';
import { moment, span } from '../timing.ts';
import { joinPath } from './api.ts';
import { ApiError, apiError, connectionProblem } from './apiError.ts';
import type { Access, Headers } from './authentication.ts';
import { ExecProblem, parseExecStatus } from './execStatus.ts';
import { podPath } from './pod.ts';
import { withCredentialRenewal } from './renewal.ts';
import { withRetryAfter } from './retryAfter.ts';
import {
  openWebsocket,
  UpgradeRefused,
  type Websocket,
  type WebsocketHandler,
} from './websocket.ts';
import type { MessagePart } from './websocketFrames.ts';

export interface ExecOptions {
  readonly namespace: string;
  readonly pod: string;
  readonly container: string;
  /** Program and arguments, run without a shell. */
  readonly command: readonly string[];
  readonly stdin?: boolean;
  /** Run the command in a terminal of this size. Its standard error is then part of its standard output. */
  readonly tty?: TerminalSize;
  /** Ends the stream at once. The remote process is not notified. */
  readonly signal?: AbortSignal;
  /** Called when the request has been sent, after the connection was made. */
  readonly onSent?: () => void;
}

/** The size of a terminal in characters. */
export interface TerminalSize {
  readonly columns: number;
  readonly rows: number;
}

/** A command that runs in a container, with its streams. */
export interface ExecStream {
  readonly protocol: ExecProtocol;
  /** Ending it half-closes the stream on v5. v4 cannot do that, so no command may depend on it. */
  readonly stdin: Writable;
  /** Both must be read or destroyed: they share one connection and its backpressure. */
  readonly stdout: Readable;
  readonly stderr: Readable;
  /**
   * The command's exit code. Rejects with an ExecProblem if the command never ran, or if the stream ended before its
   * exit status arrived. The streams end in either case.
   */
  readonly exit: Promise<number>;
  /** Bytes received on all channels. */
  readonly received: number;
  /** Tells the remote terminal the new size of the local one. */
  resize(size: TerminalSize): void;
  /** Ends the stream at once. The remote process is not notified. */
  close(): void;
}

export type ExecProtocol = 'v5.channel.k8s.io' | 'v4.channel.k8s.io';

const PROTOCOLS: ExecProtocol[] = ['v5.channel.k8s.io', 'v4.channel.k8s.io'];

/** First byte of every frame (k8s.io/apimachinery/pkg/util/remotecommand/constants.go). */
const CHANNEL = { stdin: 0, stdout: 1, stderr: 2, status: 3, resize: 4, close: 255 } as const;

/** The interval of client-go: short enough for load balancers that cut a connection after 20 s of silence. */
const PING_INTERVAL_MS = 5_000;
/** The peer counts as gone after this many pings in a row without any sign of life: 20 s. */
const MAX_UNANSWERED_PINGS = 4;
const HANDSHAKE_TIMEOUT_MS = 30_000;
/** Runtimes send frames of about 24 KiB. A peer that sends more than this is not a runtime. */
const MAX_FRAME_BYTES = 16 * 1024 * 1024;
/** Stdin is sent in pieces of the size that kubectl uses, because some peers have buffers of this size. */
const STDIN_FRAME_BYTES = 32 * 1024;
/** How many bytes of each stream may wait for the reader before the socket is paused. */
const BUFFER_BYTES = 512 * 1024;

/**
 * Starts a command in a container over a websocket (v5, else v4). Resolves when the server has accepted, after retries
 * if the server asked for them. Rejects with ApiError if the server refuses, and with Problem if it cannot be reached.
 */
export async function exec(access: Access, options: ExecOptions): Promise<ExecStream> {
  const { signal } = options;
  const onAnswered = access.onRequest?.();
  const opening = withRetryAfter(
    () => withCredentialRenewal(access, (headers) => open(access, options, headers), signal),
    signal,
  );
  return opening.finally(onAnswered);
}

async function open(access: Access, options: ExecOptions, headers: Headers): Promise<ExecStream> {
  const { server, agent } = access;
  const { container, tty, signal, onSent } = options;
  const endSpan = span('exec', container);
  try {
    const stream = await openWebsocket(
      execUrl(server, options),
      {
        protocols: PROTOCOLS,
        timeout: HANDSHAKE_TIMEOUT_MS,
        maxFrameBytes: MAX_FRAME_BYTES,
        agent,
        headers,
        signal,
        onSent,
      },
      (websocket) => new WebsocketExec(websocket, signal),
    );
    if (tty) stream.resize(tty);
    return stream;
  } catch (error) {
    if (error instanceof UpgradeRefused) throw refusalError(error, server, execPath(options));
    throw signal?.aborted ? error : connectionProblem(server, error);
  } finally {
    endSpan();
  }
}

function execPath({ namespace, pod }: ExecOptions): string {
  return `${podPath(namespace, pod)}/exec`;
}

function execUrl(server: URL, options: ExecOptions): URL {
  const { container, command, stdin, tty } = options;
  const url = new URL(server);
  url.pathname = joinPath(server.pathname, execPath(options));
  const query = new URLSearchParams({ container, stdout: 'true' });
  // A terminal has a single output. The server refuses requests for both.
  query.set(tty ? 'tty' : 'stderr', 'true');
  if (stdin) query.set('stdin', 'true');
  for (const word of command) query.append('command', word);
  url.search = query.toString();
  return url;
}

function refusalError({ response, body }: UpgradeRefused, server: URL, path: string): ApiError {
  const { statusCode: code = 0, headers } = response;
  return withForbiddenReason(
    apiError(body, { code, server, path, retryAfter: headers['retry-after'] }),
  );
}

/** Since 1.35 an exec by GET is also checked for `create`. That check gives no reason. */
function withForbiddenReason(refusal: ApiError): ApiError {
  const { code, reason, serverMessage, namespace } = refusal;
  if (code !== 403 || !/ is forbidden: *$/.test(serverMessage)) return refusal;
  return new ApiError(code, reason, `${serverMessage.trimEnd()} you may not create pods/exec`, {
    namespace,
  });
}

class WebsocketExec implements ExecStream, WebsocketHandler {
  readonly stdin: Writable;
  readonly stdout: Readable;
  readonly stderr: Readable;
  readonly exit: Promise<number>;
  received = 0;
  readonly #websocket: Websocket;
  readonly #pings: NodeJS.Timeout;
  readonly #release: () => void;
  /** The channel of the current message. Undefined until its first byte arrives. */
  #channel: number | undefined;
  /** The parts that have arrived of a message that is read whole. */
  #message: Buffer[] = [];
  #messageBytes = 0;
  readonly #fullStreams = new Set<Readable>();
  readonly #endedStreams = new Set<Readable>();
  #exit: { resolve(code: number): void; reject(error: unknown): void };
  #failure: unknown;
  #unansweredPings = 0;
  #hasOutput = false;

  constructor(websocket: Websocket, signal: AbortSignal | undefined) {
    this.#websocket = websocket;
    this.stdin = this.#writable();
    this.stdout = this.#readable();
    this.stderr = this.#readable();
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    this.exit = promise;
    this.#exit = { resolve, reject };
    // Callers that never wait for the exit status must not crash the process.
    this.exit.catch(() => {});
    const onAbort = () => this.#fail(signal?.reason);
    signal?.addEventListener('abort', onAbort, { once: true });
    this.#pings = setInterval(() => this.#ping(), PING_INTERVAL_MS);
    this.#release = () => signal?.removeEventListener('abort', onAbort);
  }

  get protocol(): ExecProtocol {
    return this.#websocket.protocol as ExecProtocol;
  }

  resize({ columns, rows }: TerminalSize): void {
    if (!this.#websocket.isOpen) return;
    const size = JSON.stringify({ Width: columns, Height: rows });
    this.#websocket.send(Buffer.concat([Buffer.from([CHANNEL.resize]), Buffer.from(size)]));
  }

  close(): void {
    this.#websocket.terminate();
  }

  onData(bytes: Buffer, { isFirst, isLast }: MessagePart): void {
    this.#resetPings();
    this.received += bytes.length;
    if (isFirst) this.#channel = undefined;
    let payload = bytes;
    if (this.#channel === undefined && bytes.length > 0) {
      this.#channel = bytes[0];
      payload = bytes.subarray(1);
    }
    switch (this.#channel) {
      case CHANNEL.stdout:
        this.#deliver(this.stdout, payload);
        break;
      case CHANNEL.stderr:
        this.#deliver(this.stderr, payload);
        break;
      case CHANNEL.status:
      case CHANNEL.close:
        this.#appendToMessage(payload, isLast);
        break;
    }
  }

  onPingOrPong(): void {
    this.#resetPings();
  }

  onClose(error: Error | undefined): void {
    // An error of the system, such as a reset, or a violation of the protocol.
    if (error)
      this.#failure ??= new ExecProblem('cut', errorCode(error) ? CONNECTION_ENDED : error.message);
    clearInterval(this.#pings);
    this.#release();
    this.#finish();
  }

  /** Takes a part of a message that only has a meaning when it is complete. */
  #appendToMessage(payload: Buffer, isLast: boolean): void {
    if (payload.length > 0) this.#message.push(payload);
    this.#messageBytes += payload.length;
    if (this.#messageBytes > MAX_FRAME_BYTES)
      this.#fail(new ExecProblem('cut', 'the exit status of the command is too long to be valid'));
    if (!isLast) return;
    const message = Buffer.concat(this.#message);
    this.#message = [];
    this.#messageBytes = 0;
    if (this.#channel === CHANNEL.status) this.#status(message.toString());
    else if (message[0] === CHANNEL.stdout) this.#end(this.stdout);
    else if (message[0] === CHANNEL.stderr) this.#end(this.stderr);
  }

  #deliver(stream: Readable, payload: Buffer): void {
    // The first frame is often empty. An empty chunk would look like progress.
    if (payload.length === 0 || stream.destroyed || this.#endedStreams.has(stream)) return;
    if (!this.#hasOutput) moment('first output of an exec');
    this.#hasOutput = true;
    if (stream.push(payload)) return;
    this.#fullStreams.add(stream);
    this.#websocket.pause();
  }

  #onDrained(stream: Readable): void {
    this.#fullStreams.delete(stream);
    if (this.#fullStreams.size === 0 && this.#websocket.isPaused) {
      this.#unansweredPings = 0;
      this.#websocket.resume();
    }
  }

  #status(payload: string): void {
    try {
      const outcome = parseExecStatus(payload);
      if (typeof outcome === 'number') this.#exit.resolve(outcome);
      else this.#exit.reject(outcome);
    } catch {
      this.#fail(new ExecProblem('cut', 'the exit status of the command could not be read'));
    }
  }

  #resetPings(): void {
    this.#unansweredPings = 0;
  }

  #ping(): void {
    if (!this.#websocket.isOpen) return;
    // No pong is read from a paused socket. A slow local reader says nothing about the peer.
    if (this.#websocket.isPaused || this.#unansweredPings < MAX_UNANSWERED_PINGS) {
      this.#unansweredPings += 1;
      this.#websocket.ping();
    } else
      this.#fail(
        new ExecProblem('silent', 'the connection went silent: no answer to pings for 20 s'),
      );
  }

  #fail(reason: unknown): void {
    this.#failure ??= reason;
    this.#websocket.terminate();
  }

  /** Data that the peer sends after the end of a stream is dropped. */
  #end(stream: Readable): void {
    if (!stream.destroyed && !this.#endedStreams.has(stream)) stream.push(null);
    this.#endedStreams.add(stream);
  }

  #finish(): void {
    this.#end(this.stdout);
    this.#end(this.stderr);
    this.stdin.destroy();
    this.#exit.reject(this.#failure ?? new ExecProblem('cut', CONNECTION_ENDED));
  }

  #readable(): Readable {
    const stream: Readable = new Readable({
      highWaterMark: BUFFER_BYTES,
      read: () => this.#onDrained(stream),
      destroy: (error, done) => {
        this.#onDrained(stream);
        done(error);
      },
    });
    return stream;
  }

  #writable(): Writable {
    return new Writable({
      write: (chunk: Buffer, _encoding, done) => this.#send(chunk, 0, done),
      final: (done) => {
        if (this.protocol === 'v5.channel.k8s.io')
          this.#websocket.send(Buffer.from([CHANNEL.close, CHANNEL.stdin]), () => done());
        else done();
      },
    });
  }

  /** Sends `chunk` from `offset` on in frames, each after the previous one was sent. */
  #send(chunk: Buffer, offset: number, done: (error?: Error | null) => void): void {
    if (offset >= chunk.length) {
      done();
    } else if (!this.#websocket.isOpen) {
      done(new ExecProblem('cut', 'the command accepts no more input: its stream has ended'));
    } else {
      const end = Math.min(offset + STDIN_FRAME_BYTES, chunk.length);
      const frame = Buffer.allocUnsafe(1 + end - offset);
      frame[0] = CHANNEL.stdin;
      chunk.copy(frame, 1, offset, end);
      this.#websocket.send(frame, (error) => (error ? done(error) : this.#send(chunk, end, done)));
    }
  }
}

const CONNECTION_ENDED =
  'the connection ended before the command did: its exit status is not known';
