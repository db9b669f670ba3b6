import type { FileCopy } from './fileCopy.ts';

/** The most files that one command requests: a removed file is noticed only when its turn comes. */
export const BATCH_FILES = 100;
/** The most bytes that are requested together with compression: they are verified at the end, all or none. */
const COMPRESSED_BATCH_BYTES = 64e6;

/**
 * The files left to copy, in the order of recording. Batches shrink towards the end so that several workers finish
 * together.
 */
export class WorkQueue {
  #remaining: FileCopy[];
  readonly #workers: number;

  constructor(copies: readonly FileCopy[], workers: number) {
    this.#remaining = [...copies];
    this.#workers = workers;
  }

  /** The next files to copy; empty if none is left. */
  next(isCompressed: boolean): FileCopy[] {
    const { length } = this.#remaining;
    if (isCompressed) {
      let bytes = 0;
      const large = this.#remaining.findIndex((copy) => {
        bytes += copy.source.size - copy.size;
        return bytes >= COMPRESSED_BATCH_BYTES;
      });
      return this.#remaining.splice(0, Math.min(large < 0 ? length : large + 1, BATCH_FILES));
    }
    const share = this.#workers === 1 ? length : Math.ceil(length / (2 * this.#workers));
    return this.#remaining.splice(0, Math.min(share, BATCH_FILES));
  }

  /** Puts back files that did not arrive. */
  putBack(copies: readonly FileCopy[]): void {
    this.#remaining.unshift(...copies);
  }
}
