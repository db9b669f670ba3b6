import { setTimeout as delay } from 'node:timers/promises';

/** The maximum delay of setTimeout, in milliseconds. */
const longestTimer = 2 ** 31 - 1;

/** Lets a loop sleep until there is something to do. */
export class Wake {
  #awake = Promise.withResolvers<void>();

  call(): void {
    this.#awake.resolve();
  }

  /** Resolves when `call` was called since the last wait, or after this many milliseconds. */
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
