import { setTimeout as wait } from 'node:timers/promises';

const MAX_PAUSE_MS = 8_000;

/** How long a worker keeps retrying after failures. Pauses grow, and progress resets both the limit and the pauses. */
export class Backoff {
  readonly #limit: number;
  #giveUpAt: number;
  readonly #firstPause: number;
  #pause: number;

  /** In milliseconds: `limit` is the longest time without progress; each pause is twice as long as the one before. */
  constructor(limit: number, firstPause: number) {
    this.#limit = limit;
    this.#firstPause = firstPause;
    this.#pause = firstPause;
    this.#giveUpAt = performance.now() + limit;
  }

  /** Records that data arrived: the connection works. */
  progress(): void {
    this.#giveUpAt = performance.now() + this.#limit;
    this.#pause = this.#firstPause;
  }

  /**
   * Waits before the next attempt and returns true. Returns false immediately if there was no progress for too long.
   * Throws the signal's reason.
   */
  async pause(signal: AbortSignal): Promise<boolean> {
    const remaining = this.#giveUpAt - performance.now();
    if (remaining <= 0) return false;
    // The error of `wait` says that it was aborted, but not why.
    await wait(Math.min(this.#pause, remaining), undefined, { signal }).catch(() => {});
    signal.throwIfAborted();
    this.#pause = Math.min(this.#pause * 2, MAX_PAUSE_MS);
    return true;
  }
}
