import { setTimeout as wait } from 'node:timers/promises';

const LONGEST_PAUSE_MS = 8_000;

/** How long one worker tries again after failures: pauses grow, and progress makes it hope anew. */
export class Patience {
  readonly #limit: number;
  #hopeUntil: number;
  readonly #firstPause: number;
  #pause: number;

  /** Milliseconds: without progress for `limit` it is over; the first pause, each next twice as long. */
  constructor(limit: number, firstPause: number) {
    this.#limit = limit;
    this.#firstPause = firstPause;
    this.#pause = firstPause;
    this.#hopeUntil = performance.now() + limit;
  }

  /** Something came: the link works. */
  progress(): void {
    this.#hopeUntil = performance.now() + this.#limit;
    this.#pause = this.#firstPause;
  }

  /**
   * Waits before the next attempt; false, at once, when nothing came for too
   * long. Throws the signal's reason.
   */
  async pause(signal: AbortSignal): Promise<boolean> {
    const left = this.#hopeUntil - performance.now();
    if (left <= 0) return false;
    // Its own error says that it was ended, and not why.
    await wait(Math.min(this.#pause, left), undefined, { signal }).catch(() => {});
    signal.throwIfAborted();
    this.#pause = Math.min(this.#pause * 2, LONGEST_PAUSE_MS);
    return true;
  }
}
