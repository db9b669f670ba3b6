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
}

/** One connection to the pod's end of a follower. */
export class Attachment {
  readonly #remote: LeasedProcess;
  readonly #chunks: AsyncIterator<Buffer>;
  readonly #said: string[] = [];
  readonly #errorsRead: Promise<void>;
  #silent = false;

  constructor(remote: LeasedProcess) {
    this.#remote = remote;
    this.#chunks = remote.stdout[Symbol.asyncIterator]();
    this.#errorsRead = this.#readErrors();
  }

  /** The frames that come, until the connection ends. Throws BadFrame. */
  async *frames(): AsyncGenerator<Frame> {
    const parser = new FrameParser();
    for (let chunk = await this.#next(); chunk; chunk = await this.#next())
      yield* parser.parse(chunk);
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
    if (this.#silent) return { reason: 'nothing came any more', exit: undefined, said };
    if (outcome instanceof ExecProblem && outcome.failure === 'cut')
      return { reason: 'it ended before the capture did', exit: undefined, said };
    return { reason: messageOf(outcome), exit: undefined, said };
  }

  close(): void {
    this.#remote.close();
  }

  async #next(): Promise<Buffer | undefined> {
    // Only while it is waited for: a slow output of ours says nothing about the pod.
    const silence = setTimeout(() => {
      this.#silent = true;
      this.close();
    }, SILENCE_MS);
    const { value, done } = await this.#chunks.next();
    clearTimeout(silence);
    return done ? undefined : value;
  }

  async #readErrors(): Promise<void> {
    for await (const line of linesOf(this.#remote.stderr)) {
      this.#said.push(line);
      if (this.#said.length > MAX_SAID) this.#said.shift();
    }
  }
}
