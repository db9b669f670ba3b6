import { setTimeout as delay } from 'node:timers/promises';

/** What setTimeout can wait at most, in milliseconds. */
const longestTimer = 2 ** 31 - 1;

/** Lets a loop sleep until somebody has something for it to do. */
export class Wake {
  #awake = Promise.withResolvers<void>();

  call(): void {
    this.#awake.resolve();
  }

  /** Resolves when `call` was called since the last wait, or after that many milliseconds. */
  async wait(milliseconds: number): Promise<void> {
    const timer = new AbortController();
    const late = Number.isFinite(milliseconds)
      ? [delay(Math.min(Math.max(milliseconds, 0), longestTimer), undefined, timer).catch(() => {})]
      : [];
    await Promise.race([this.#awake.promise, ...late]);
    timer.abort();
    this.#awake = Promise.withResolvers<void>();
  }
}
