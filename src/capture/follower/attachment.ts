import type { LeasedProcess } from '../../debugger/leasedProcess.ts';
import { ExecProblem } from '../../kube/execStatus.ts';
import { messageOf } from '../../problem.ts';
import { linesOf } from '../lines.ts';
import { type Frame, FrameParser } from './frames.ts';

/**
 * The longest silence while waiting for frames: the pod sends something every second. Shorter than the limit for pings,
 * so that a capture resumes before a ring has rotated completely.
 */
const SILENCE_MS = 10_000;

/** How long to wait for the exit status after the end of the output. */
const EXIT_MS = 3_000;

/** How many of the last lines of standard error are kept. */
const MAX_LINES = 20;

/** How the connection to the follower's program in the pod ended. */
export interface AttachmentEnd {
  readonly reason: string;
  /** The exit code of the script in the pod; undefined if the connection ended first. */
  readonly exit: number | undefined;
  readonly stderr: readonly string[];
  /** Why the command never ran, in the runtime's words. */
  readonly execError?: ExecProblem;
}

/** One connection to the follower's program in the pod. */
export class Attachment {
  readonly #remote: LeasedProcess;
  readonly #chunks: AsyncIterator<Buffer>;
  readonly #stderr: string[] = [];
  readonly #stderrRead: Promise<void>;
  readonly #firstFrameLimit: number;
  #hasReceived = false;
  #timedOut = false;

  /** `firstFrameLimit`: milliseconds until the first frame must arrive. A busy node starts commands late. */
  constructor(remote: LeasedProcess, firstFrameLimit: number) {
    this.#remote = remote;
    this.#firstFrameLimit = firstFrameLimit;
    this.#chunks = remote.stdout[Symbol.asyncIterator]();
    this.#stderrRead = this.#readStderr();
  }

  /** The frames that arrive until the connection ends. Throws BadFrame. */
  async *frames(): AsyncGenerator<Frame> {
    const parser = new FrameParser();
    for (let chunk = await this.#next(); chunk; chunk = await this.#next())
      yield* parser.parse(chunk);
  }

  /** Whether anything has arrived, which means that the script runs. */
  get hasReceived(): boolean {
    return this.#hasReceived;
  }

  /** Sends the script SIGUSR1: stop recording and send the rest; after `over`, remove the spool. */
  sendSignal(): void {
    this.#remote.sendSignal();
  }

  /**
   * How the connection ended; to be called after the last frame. If only the output has ended, cuts the connection and
   * reports that it was cut.
   */
  async waitForEnd(): Promise<AttachmentEnd> {
    // A proxy can end the output while the script and the connection remain.
    const limit = setTimeout(() => this.close(), EXIT_MS);
    const outcome = await this.#remote.exit.catch((error: unknown) => error);
    await this.#stderrRead;
    clearTimeout(limit);
    const stderr = this.#stderr;
    if (typeof outcome === 'number')
      return { reason: `the follower ended with exit code ${outcome}`, exit: outcome, stderr };
    if (this.#timedOut)
      return {
        reason: this.#hasReceived ? 'no more data arrived' : 'no data arrived',
        exit: undefined,
        stderr,
      };
    if (outcome instanceof ExecProblem && outcome.failure === 'cut')
      return { reason: 'it ended before the capture did', exit: undefined, stderr };
    if (outcome instanceof ExecProblem && outcome.failure !== 'silent')
      return { reason: outcome.message, exit: undefined, stderr, execError: outcome };
    return { reason: messageOf(outcome), exit: undefined, stderr };
  }

  close(): void {
    this.#remote.close();
  }

  async #next(): Promise<Buffer | undefined> {
    // Only while waiting: a slow output does not mean that the pod is silent.
    const idleTimer = setTimeout(
      () => {
        this.#timedOut = true;
        this.close();
      },
      this.#hasReceived ? SILENCE_MS : this.#firstFrameLimit,
    );
    const { value, done } = await this.#chunks.next();
    clearTimeout(idleTimer);
    if (done) return undefined;
    this.#hasReceived = true;
    return value;
  }

  async #readStderr(): Promise<void> {
    for await (const line of linesOf(this.#remote.stderr)) {
      this.#stderr.push(line);
      if (this.#stderr.length > MAX_LINES) this.#stderr.shift();
    }
  }
}
