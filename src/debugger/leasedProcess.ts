import type { Readable } from 'node:stream';
import type { Access } from '../kube/authentication.ts';
import { type ExecProtocol, type ExecStream, exec } from '../kube/exec.ts';
import { BOOT_COMMAND, bootInput } from './bootedCommand.ts';
import type { EarlyExec } from './earlyExec.ts';
import leaseScript from './lease.sh';
import { type Signed, withoutStartSign } from './startSign.ts';

/** A container to run in. */
export interface ContainerRef {
  readonly namespace: string;
  readonly pod: string;
  readonly container: string;
  /** Words that go before every program there: what takes it into the target's network. */
  readonly enter?: readonly string[];
  /** An exec there that was opened before; the first program uses it. */
  readonly early?: EarlyExec;
}

/** What is to run there. */
export interface Program {
  /** Shell text that the command's words are given to as positional parameters; else they are run. */
  readonly script?: string;
  readonly command: readonly string[];
  /** It ends by itself soon, and not on a signal. */
  readonly isShort?: boolean;
}

const BEAT_MS = 1_000;
/**
 * The same for a program that ends by itself, while its output comes. API servers close the connection at its end
 * with unread input from here, and TCP then resets it: the rest of the output and the exit status
 * are lost on their way (RFC 2525, section 2.17). So nothing is sent while the last output may be on its way.
 */
const BEAT_DURING_OUTPUT_MS = 6_000;
/**
 * Seconds without a beat after which the program in the pod is ended. With the second or two that
 * ending takes, no process is left 15 s after a client fell silent.
 */
const SILENCE_S = 12;
/** After a stop was requested: how long nothing may come before the stream is cut (the lease kills after 2 s). */
const STOP_LIMIT_MS = 5_000;

/**
 * A program in the pod that runs only as long as this process wants it to: whatever becomes of
 * us or of the connection, the lease in the pod ends it.
 */
export class LeasedProcess {
  readonly #stream: ExecStream;
  readonly #signed: Signed;
  readonly #beat: NodeJS.Timeout;
  #stopping = false;
  #gaveUp = false;
  #lastBeat = Date.now();
  #receivedAtBeat = 0;

  private constructor(stream: ExecStream, isShort: boolean) {
    this.#stream = stream;
    this.#signed = withoutStartSign(stream.stderr);
    stream.stdin.on('error', () => {});
    this.#beat = setInterval(() => {
      if (!isShort || !this.#isOutputComing()) this.#sayBeat();
    }, BEAT_MS);
    const quiet = () => clearInterval(this.#beat);
    stream.exit.then(quiet, quiet);
  }

  /** Starts a program in the container; errors are those of `exec`. */
  static async start(
    access: Access,
    { namespace, pod, container, enter = [], early }: ContainerRef,
    { script, command, isShort = false }: Program,
    signal?: AbortSignal,
  ): Promise<LeasedProcess> {
    const program = script === undefined ? command : ['sh', '-c', script, 'netdebug', ...command];
    const lease = ['sh', '-c', leaseScript, 'lease', String(SILENCE_S), ...enter, ...program];
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
    stream.stdin.write(bootInput(lease));
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

  /** Resolves when the lease runs in the pod, which may be long after the connection stands. */
  get started(): Promise<void> {
    return this.#signed.started;
  }

  /** As ExecStream.exit: the program's exit code, or an ExecProblem. */
  get exit(): Promise<number> {
    return this.#stream.exit;
  }

  /** Sends the program SIGUSR1, which means what the program says; it may not get there. */
  nudge(): void {
    if (!this.#stopping) this.#say('info');
  }

  /** Asks the program to end and to say what it has to say; cuts the stream if it does not. */
  stop(): void {
    if (this.#stopping) return;
    this.#stopping = true;
    // From now on the lease needs no heartbeat, and one that nobody reads may reset the connection at its end, while
    // the rest of the output is on its way.
    clearInterval(this.#beat);
    this.#say('stop');
    let received = this.#stream.received;
    const watchdog = setInterval(() => {
      // Output that waits for a slow reader here says nothing about the pod.
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

  /** Whether it did not end when requested, so that the stream was cut. */
  get gaveUp(): boolean {
    return this.#gaveUp;
  }

  /** Cuts the stream; the lease ends the program. */
  close(): void {
    clearInterval(this.#beat);
    this.#stream.close();
  }

  #sayBeat(): void {
    this.#lastBeat = Date.now();
    this.#say('beat');
  }

  /** Whether output has come since the last look, and there is time until the next beat. */
  #isOutputComing(): boolean {
    const { received } = this.#stream;
    const comes = received > this.#receivedAtBeat;
    this.#receivedAtBeat = received;
    return comes && Date.now() - this.#lastBeat < BEAT_DURING_OUTPUT_MS;
  }

  #say(word: 'beat' | 'info' | 'stop'): void {
    // Nothing queues up: a link that takes no words for a while takes the next ones.
    if (word !== 'stop' && this.#stream.stdin.writableNeedDrain) return;
    if (this.#stream.stdin.writable) this.#stream.stdin.write(`${word}\n`);
  }
}
