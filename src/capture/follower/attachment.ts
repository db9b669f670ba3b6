import type { LeasedProcess } from '../../debugger/leasedProcess.ts';
import { ExecProblem } from '../../kube/execStatus.ts';
import { messageOf } from '../../problem.ts';
import { linesOf } from '../lines.ts';
import { type Frame, FrameParser } from './frames.ts';

/**
 * How long nothing may come while it is waited for: the pod says something every second. Sooner
 * than pings give up, so that a capture is resumed before a ring has turned over.
 */
const SILENCE_MS = 10_000;

/** How long the exit status is waited for where the output has ended: then nothing is still to come. */
const EXIT_MS = 3_000;

/** Of what is said beside the frames, its last lines are kept. */
const MAX_SAID = 20;

/** How the connection to a follower's pod end came to its end. */
export interface Ending {
  readonly reason: string;
  /** The exit code of what ran in the pod; undefined when the connection ended first. */
  readonly exit: number | undefined;
  readonly said: readonly string[];
  /** Why the command never ran, in the runtime's words. */
  readonly unrun?: ExecProblem;
}

/** One connection to the pod's end of a follower. */
export class Attachment {
  readonly #remote: LeasedProcess;
  readonly #chunks: AsyncIterator<Buffer>;
  readonly #said: string[] = [];
  readonly #errorsRead: Promise<void>;
  readonly #firstSign: number;
  #heard = false;
  #silent = false;

  /** `firstSign`: milliseconds until something must come. A busy node starts commands late. */
  constructor(remote: LeasedProcess, firstSign: number) {
    this.#remote = remote;
    this.#firstSign = firstSign;
    this.#chunks = remote.stdout[Symbol.asyncIterator]();
    this.#errorsRead = this.#readErrors();
  }

  /** The frames that come, until the connection ends. Throws BadFrame. */
  async *frames(): AsyncGenerator<Frame> {
    const parser = new FrameParser();
    for (let chunk = await this.#next(); chunk; chunk = await this.#next())
      yield* parser.parse(chunk);
  }

  /** Whether anything came: the script runs. */
  get heard(): boolean {
    return this.#heard;
  }

  /** Sends the script SIGUSR1: stop recording and send the rest; after `over`, remove the spool. */
  nudge(): void {
    this.#remote.nudge();
  }

  /** Reads on to the end of the connection, whatever comes. */
  async drain(): Promise<void> {
    while (await this.#next());
  }

  /**
   * How it ended, once the frames have; a connection whose output alone has ended is cut soon, and
   * counts as cut.
   */
  async ending(): Promise<Ending> {
    // A peer can end the output while the script goes on, and the connection with it.
    const limit = setTimeout(() => this.close(), EXIT_MS);
    const outcome = await this.#remote.exit.catch((error: unknown) => error);
    await this.#errorsRead;
    clearTimeout(limit);
    const said = this.#said;
    if (typeof outcome === 'number')
      return { reason: `the follower ended with exit code ${outcome}`, exit: outcome, said };
    if (this.#silent)
      return {
        reason: this.#heard ? 'nothing came any more' : 'nothing came',
        exit: undefined,
        said,
      };
    if (outcome instanceof ExecProblem && outcome.failure === 'cut')
      return { reason: 'it ended before the capture did', exit: undefined, said };
    if (outcome instanceof ExecProblem && outcome.failure !== 'silent')
      return { reason: outcome.message, exit: undefined, said, unrun: outcome };
    return { reason: messageOf(outcome), exit: undefined, said };
  }

  close(): void {
    this.#remote.close();
  }

  async #next(): Promise<Buffer | undefined> {
    // Only while it is waited for: a slow output of ours says nothing about the pod.
    const silence = setTimeout(
      () => {
        this.#silent = true;
        this.close();
      },
      this.#heard ? SILENCE_MS : this.#firstSign,
    );
    const { value, done } = await this.#chunks.next();
    clearTimeout(silence);
    if (done) return undefined;
    this.#heard = true;
    return value;
  }

  async #readErrors(): Promise<void> {
    for await (const line of linesOf(this.#remote.stderr)) {
      this.#said.push(line);
      if (this.#said.length > MAX_SAID) this.#said.shift();
    }
  }
}
