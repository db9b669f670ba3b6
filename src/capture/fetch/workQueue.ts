import type { FileCopy } from './fileCopy.ts';

/** Each file is a word of the command, and proxies refuse requests beyond 8 KB. */
export const BATCH_FILES = 100;

/**
 * What is left to copy, given out in the order of recording: what has begun one by one (its rest is
 * asked for by range), what has not in batches (a tar each). Batches shrink towards the end, so
 * that several workers end together.
 */
export class WorkQueue {
  #left: FileCopy[];
  readonly #workers: number;
  /** Set when the pod cannot make tars: then every file is copied by range. */
  single = false;

  constructor(copies: readonly FileCopy[], workers: number) {
    this.#left = [...copies];
    this.#workers = workers;
  }

  /** The next files to copy; empty when nothing is left. */
  next(): FileCopy[] {
    const byRange = this.#left.findIndex((copy) => this.isByRange(copy));
    if (byRange === 0) return this.#left.splice(0, 1);
    const fresh = byRange < 0 ? this.#left.length : byRange;
    const share = this.#workers === 1 ? fresh : Math.ceil(fresh / (2 * this.#workers));
    return this.#left.splice(0, Math.min(share, BATCH_FILES));
  }

  /** Whether a file is copied by itself, from where its copy ends. */
  isByRange(copy: FileCopy): boolean {
    return this.single || copy.size > 0 || !copy.source.closed;
  }

  /** Takes back what was not begun. */
  giveBack(copies: readonly FileCopy[]): void {
    this.#left.unshift(...copies);
  }
}
