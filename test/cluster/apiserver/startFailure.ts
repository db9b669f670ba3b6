import { randomBytes } from 'node:crypto';

/** The message that runc prints on the command's stderr if it could not start the command. */
const COMPLAINT = /^time="[^"]*" level=error msg="(exec failed: (?:[^"\\]|\\.)*)"\s*$/;
const TIME = /^time="[^"]*" /;
const AFTER_TIME = 'level=error msg="exec failed: ';

/**
 * Separates runc's error message from the output of the command: text that starts like the message is held back until
 * the exit code is known.
 */
export class StartFailure {
  #held = Buffer.alloc(0);
  #passing = false;
  #reason: string | undefined;

  /** Why the command could not be started, in the runtime's words. */
  get reason(): string | undefined {
    return this.#reason;
  }

  set(why: string): void {
    this.#reason = inWordsOfContainerd(why);
  }

  /** The part of this chunk of stderr that certainly belongs to the command. */
  filter(chunk: Buffer): Buffer {
    if (this.#passing) return chunk;
    this.#held = Buffer.concat([this.#held, chunk]);
    if (mayBeComplaint(this.#held.toString('latin1'))) return Buffer.alloc(0);
    this.#passing = true;
    return this.#held;
  }

  /** At the end, returns the held-back text if it belongs to the command. */
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
