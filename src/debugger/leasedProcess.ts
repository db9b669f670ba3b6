import type { Readable } from 'node:stream';
import type { Access } from '../kube/authentication.ts';
import { type ExecProtocol, type ExecStream, exec } from '../kube/exec.ts';
import { BOOT_COMMAND, bootInput } from './bootCommand.ts';
import type { EarlyExec } from './earlyExec.ts';
import leaseScript from './lease.sh';
import { type Signed, withoutStartSign } from './startSign.ts';

/** A container to run in. */
export interface ContainerRef {
  readonly namespace: string;
  readonly pod: string;
  readonly container: string;
  /** Words that precede every program there, to enter the target's network. */
  readonly enter?: readonly string[];
  /** An exec that was already opened there; the first program uses it. */
  readonly early?: EarlyExec;
}

/** What to run there. */
export interface Program {
  /**
   * Shell text that receives the command's words as positional parameters. Without it, the words are the command to
   * run.
   */
  readonly script?: string;
  readonly command: readonly string[];
  /** It ends by itself soon, and not because of a signal. */
  readonly isShort?: boolean;
}

const HEARTBEAT_MS = 1_000;
/**
 * The same while output arrives from a program that ends by itself. At the end of a program, an API server closes the
 * connection; if input from here is still unread, TCP resets it, and the rest of the output and the exit status are
 * lost (RFC 2525, section 2.17). So nothing is sent while the last output may be on its way.
 */
const HEARTBEAT_DURING_OUTPUT_MS = 6_000;
/**
 * Seconds without a heartbeat after which the program in the pod is ended. Ending takes another second or two, so no
 * process is left 15 s after a client became silent.
 */
const SILENCE_S = 12;
/**
 * After a stop was requested: how long the pod may send nothing before the stream is cut. The lease kills the program
 * after 2 s, but a busy node takes longer.
 */
const STOP_LIMIT_MS = 10_000;

/**
 * A program in the pod that runs only as long as this process wants it to. If this process or the connection fails, the
 * lease in the pod ends the program.
 */
export class LeasedProcess {
  readonly #stream: ExecStream;
  readonly #signed: Signed;
  readonly #heartbeat: NodeJS.Timeout;
  #stopping = false;
  #gaveUp = false;
  #lastHeartbeat = Date.now();
  #receivedAtHeartbeat = 0;

  private constructor(stream: ExecStream, isShort: boolean) {
    this.#stream = stream;
    this.#signed = withoutStartSign(stream.stderr);
    stream.stdin.on('error', () => {});
    this.#heartbeat = setInterval(() => {
      if (!isShort || !this.#isOutputArriving()) this.#sendHeartbeat();
    }, HEARTBEAT_MS);
    const stopHeartbeat = () => clearInterval(this.#heartbeat);
    stream.exit.then(stopHeartbeat, stopHeartbeat);
  }

  /** Starts a program in the container. Throws what `exec` throws. */
  static async start(
    access: Access,
    { namespace, pod, container, enter = [], early }: ContainerRef,
    { script, command, isShort = false }: Program,
    signal?: AbortSignal,
  ): Promise<LeasedProcess> {
    const program = script === undefined ? command : ['sh', '-c', script, 'netdebug', ...command];
    const lease = [String(SILENCE_S), ...enter, ...program];
    const stream =
      (await early?.take(signal)) ??
      (await exec(access, {
        namespace,
        pod,
        container,
        command: BOOT_COMMAND,
        stdin: true,
        ...(signal && { signal }),
      }));
    const process = new LeasedProcess(stream, isShort);
    stream.stdin.write(bootInput(leaseScript, lease));
    return process;
  }

  get protocol(): ExecProtocol {
    return this.#stream.protocol;
  }

  get stdout(): Readable {
    return this.#stream.stdout;
  }

  get stderr(): Readable {
    return this.#signed.stderr;
  }

  /** Resolves when the lease runs in the pod, which may be long after the connection is established. */
  get started(): Promise<void> {
    return this.#signed.started;
  }

  /** The program's exit code; rejects with an ExecProblem, like ExecStream.exit. */
  get exit(): Promise<number> {
    return this.#stream.exit;
  }

  /** Sends SIGUSR1 to the program, which decides what it means. The signal may not arrive. */
  sendSignal(): void {
    if (!this.#stopping) this.#sendWord('info');
  }

  /** Asks the program to end after writing its remaining output. Cuts the stream if it does not end. */
  stop(): void {
    if (this.#stopping) return;
    this.#stopping = true;
    // The lease needs no more heartbeats. An unread heartbeat could reset the connection at the program's end while the
    // rest of the output is on its way.
    clearInterval(this.#heartbeat);
    this.#sendWord('stop');
    let received = this.#stream.received;
    const watchdog = setInterval(() => {
      // Output that is waiting for a slow reader here says nothing about the pod.
      const isRead = this.stdout.readableLength === 0 && this.stderr.readableLength === 0;
      if (this.#stream.received === received && isRead) {
        this.#gaveUp = true;
        this.close();
      }
      received = this.#stream.received;
    }, STOP_LIMIT_MS);
    const ended = () => clearInterval(watchdog);
    this.exit.then(ended, ended);
  }

  /** Whether the program did not end when requested, so that the stream was cut. */
  get gaveUp(): boolean {
    return this.#gaveUp;
  }

  /** Cuts the stream; the lease ends the program. */
  close(): void {
    clearInterval(this.#heartbeat);
    this.#stream.close();
  }

  #sendHeartbeat(): void {
    this.#lastHeartbeat = Date.now();
    this.#sendWord('beat');
  }

  /** Whether output has arrived since the last call, and the next heartbeat can still wait. */
  #isOutputArriving(): boolean {
    const { received } = this.#stream;
    const hasArrived = received > this.#receivedAtHeartbeat;
    this.#receivedAtHeartbeat = received;
    return hasArrived && Date.now() - this.#lastHeartbeat < HEARTBEAT_DURING_OUTPUT_MS;
  }

  #sendWord(word: 'beat' | 'info' | 'stop'): void {
    // Heartbeats must not queue up: skip them while the connection accepts no data.
    if (word !== 'stop' && this.#stream.stdin.writableNeedDrain) return;
    if (this.#stream.stdin.writable) this.#stream.stdin.write(`${word}\n`);
  }
}
