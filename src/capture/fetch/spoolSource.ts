import type { Readable } from 'node:stream';
import { Problem } from '../../problem.ts';

/** A verb of the spool's script that runs in the pod. */
export interface SpoolCommand {
  readonly stdout: Readable;
  readonly stderr: Readable;
  /** The exit code; rejects if the connection ended before it was known. */
  readonly exit: Promise<number>;
  /** Ends the verb and the connection; may be called repeatedly at any time. */
  close(): void;
}

export type SpoolVerb = 'list' | 'copy' | 'filter' | 'sum';

/** The spool of one capture, whose files can be read. */
export interface SpoolSource {
  /** Starts a verb with `name=value` words. The source itself adds the spool's folder. */
  start(verb: SpoolVerb, words: readonly string[], signal: AbortSignal): Promise<SpoolCommand>;
  /**
   * Called after a failure: tells when and why the spool cannot come back (the container has ended, the pod is gone);
   * undefined if retrying may help. Rejects if this cannot be determined now.
   */
  checkGone(signal: AbortSignal): Promise<SpoolGone | undefined>;
}

/** The spool no longer exists: files that were not copied are lost. */
export class SpoolGone extends Problem {
  override readonly name = 'SpoolGone';
  /** When it disappeared, if known. */
  readonly at: Date | undefined;

  constructor(message: string, at?: Date) {
    super(message, {
      kind: 'lost',
      next: [
        'the files that were copied are complete and were kept; capture.json lists what is lost',
      ],
    });
    this.at = at;
  }
}

/**
 * Exit codes of the script's verbs. `unsteady`: a file could not be read, or the ring rotated too fast; retrying may
 * help.
 */
export const EXIT = { noSpool: 3, fileGone: 4, unsteady: 5, filterFailed: 6 } as const;
