import type { Readable } from 'node:stream';
import { readBatches } from './batches.ts';

/** Nothing arrived within the allowed time. */
export class IdleTimeout extends Error {
  constructor(milliseconds: number) {
    super(`no data arrived for ${Math.round(milliseconds / 1000)} s`);
  }
}

/**
 * The chunks of a stream in batches. Throws IdleTimeout if a batch does not arrive within `milliseconds`. The time that the
 * reader spends between two batches does not count: a slow local disk does not mean that the sender is silent.
 */
export async function* withIdleTimeout(
  stream: Readable,
  milliseconds: number,
): AsyncGenerator<Buffer[], void> {
  let waitingSince: number | undefined;
  const watch = setInterval(
    () => {
      if (waitingSince !== undefined && performance.now() - waitingSince > milliseconds)
        stream.destroy(new IdleTimeout(milliseconds));
    },
    Math.min(1000, milliseconds / 4),
  );
  try {
    waitingSince = performance.now();
    for await (const batch of readBatches(stream)) {
      waitingSince = undefined;
      yield batch;
      waitingSince = performance.now();
    }
  } finally {
    clearInterval(watch);
  }
}

/** Waits for a promise for `milliseconds` at most. After that, returns `fallback`, or undefined without it. */
export async function waitAtMost<T>(
  promise: Promise<T>,
  milliseconds: number,
): Promise<T | undefined>;
export async function waitAtMost<T, Fallback>(
  promise: Promise<T>,
  milliseconds: number,
  fallback: Fallback,
): Promise<T | Fallback>;
export async function waitAtMost<T, Fallback>(
  promise: Promise<T>,
  milliseconds: number,
  fallback?: Fallback,
): Promise<T | Fallback | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<Fallback | undefined>((resolve) => {
    timer = setTimeout(resolve, milliseconds, fallback);
  });
  try {
    return await Promise.race([promise, limit]);
  } finally {
    clearTimeout(timer);
  }
}
