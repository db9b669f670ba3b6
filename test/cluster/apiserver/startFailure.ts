import { randomBytes } from 'node:crypto';

/** How runc says on the command's own stderr that it could not start it. */
const COMPLAINT = /^time="[^"]*" level=error msg="(exec failed: (?:[^"\\]|\\.)*)"\s*$/;
const TIME = /^time="[^"]*" /;
const AFTER_TIME = 'level=error msg="exec failed: ';

/**
 * Tells runc's own complaint from what the command writes: text that begins like a complaint is held
 * back until the exit code decides.
 */
export class StartFailure {
  #held = Buffer.alloc(0);
  #passing = false;
  #reason: string | undefined;

  /** Why the command could not be started, in the words of the runtime. */
  get reason(): string | undefined {
    return this.#reason;
  }

  set(why: string): void {
    this.#reason = inWordsOfContainerd(why);
  }

  /** What of this piece of stderr is surely the command's own. */
  filter(chunk: Buffer): Buffer {
    if (this.#passing) return chunk;
    this.#held = Buffer.concat([this.#held, chunk]);
    if (mayBeComplaint(this.#held.toString('latin1'))) return Buffer.alloc(0);
    this.#passing = true;
    return this.#held;
  }

  /** At the end: what was held back and is the command's own after all. */
  release(exitCode: number | null): Buffer {
    if (this.#passing) return Buffer.alloc(0);
    const why = COMPLAINT.exec(this.#held.toString())?.[1];
    if (exitCode === 0 || why === undefined) return this.#held;
    this.set(why.replace(/\\(.)/g, '$1'));
    return Buffer.alloc(0);
  }
}

function mayBeComplaint(text: string): boolean {
  const rest = text.replace(TIME, '');
  if (rest === text) return 'time="'.startsWith(text) || /^time="[^"]*"?$/.test(text);
  return AFTER_TIME.startsWith(rest) || rest.startsWith(AFTER_TIME);
}

function inWordsOfContainerd(why: string): string {
  const id = randomBytes(32).toString('hex');
  return `failed to exec in container: failed to start exec "${id}": OCI runtime exec failed: ${why}`;
}
