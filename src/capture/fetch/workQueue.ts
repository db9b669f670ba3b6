import type { FileCopy } from './fileCopy.ts';

/** Files that are asked for by one command: what is gone by then is known late. */
export const BATCH_FILES = 100;
/** Bytes that are asked for together where they are compressed: all of them are proven at the end, or none. */
const COMPRESSED_BATCH_BYTES = 64e6;

/**
 * What is left to copy, given out in the order of recording. Batches shrink towards the end, so that several workers
 * end together.
 */
export class WorkQueue {
  #left: FileCopy[];
  readonly #workers: number;

  constructor(copies: readonly FileCopy[], workers: number) {
    this.#left = [...copies];
    this.#workers = workers;
  }

  /** The next files to copy; empty when nothing is left. */
  next(isCompressed: boolean): FileCopy[] {
    const { length } = this.#left;
    if (isCompressed) {
      let bytes = 0;
      const large = this.#left.findIndex((copy) => {
        bytes += copy.source.size - copy.size;
        return bytes >= COMPRESSED_BATCH_BYTES;
      });
      return this.#left.splice(0, Math.min(large < 0 ? length : large + 1, BATCH_FILES));
    }
    const share = this.#workers === 1 ? length : Math.ceil(length / (2 * this.#workers));
    return this.#left.splice(0, Math.min(share, BATCH_FILES));
  }

  /** Takes back what did not come. */
  giveBack(copies: readonly FileCopy[]): void {
    this.#left.unshift(...copies);
  }
}
