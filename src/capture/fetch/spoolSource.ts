import type { Readable } from 'node:stream';
import { Problem } from '../../problem.ts';

/** A verb of the spool's script that runs in the pod. */
export interface SpoolCommand {
  readonly stdout: Readable;
  readonly stderr: Readable;
  /** Its exit code; rejects when the connection ended before that was known. */
  readonly exit: Promise<number>;
  /** Ends it and the connection; may be called at any time and again. */
  close(): void;
}

export type SpoolVerb = 'list' | 'copy' | 'filter' | 'sum' | 'flush';

/** The spool of one capture: its files can be read from it. */
export interface SpoolSource {
  /** Starts a verb with `name=value` words (the spool's folder is the source's own business). */
  start(verb: SpoolVerb, words: readonly string[], signal: AbortSignal): Promise<SpoolCommand>;
  /**
   * Asked after a failure: when and why the spool cannot come back (the container has ended, the pod
   * is gone); undefined when trying again may help. Rejects when that cannot be known now.
   */
  whyGone(signal: AbortSignal): Promise<SpoolGone | undefined>;
}

/** The spool no longer exists: what was not copied is lost. */
export class SpoolGone extends Problem {
  override readonly name = 'SpoolGone';
  /** When it went, if that is known. */
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
 * Exit codes of the script's verbs. `unsteady`: a file could not be read, or the ring turned too fast to be read:
 * asking again may help.
 */
export const EXIT = { noSpool: 3, fileGone: 4, unsteady: 5, filterFailed: 6 } as const;
