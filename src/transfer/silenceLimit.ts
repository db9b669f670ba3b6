import type { Readable } from 'node:stream';
import { inBatches } from './batches.ts';

/** Nothing arrived within the allowed time. */
export class Silence extends Error {
  constructor(milliseconds: number) {
    super(`no data arrived for ${Math.round(milliseconds / 1000)} s`);
  }
}

/**
 * The chunks of a stream in batches. Throws Silence if a batch does not arrive within `milliseconds`. The time that the
 * reader spends between two batches does not count: a slow local disk does not mean that the sender is silent.
 */
export async function* withSilenceLimit(
  stream: Readable,
  milliseconds: number,
): AsyncGenerator<Buffer[], void> {
  let waitingSince: number | undefined;
  const watch = setInterval(
    () => {
      if (waitingSince !== undefined && performance.now() - waitingSince > milliseconds)
        stream.destroy(new Silence(milliseconds));
    },
    Math.min(1000, milliseconds / 4),
  );
  try {
    waitingSince = performance.now();
    for await (const batch of inBatches(stream)) {
      waitingSince = undefined;
      yield batch;
      waitingSince = performance.now();
    }
  } finally {
    clearInterval(watch);
  }
}

/** Waits for a promise for `milliseconds` at most. After that, returns `late`, or undefined without it. */
export async function within<T>(promise: Promise<T>, milliseconds: number): Promise<T | undefined>;
export async function within<T, Late>(
  promise: Promise<T>,
  milliseconds: number,
  late: Late,
): Promise<T | Late>;
export async function within<T, Late>(
  promise: Promise<T>,
  milliseconds: number,
  late?: Late,
): Promise<T | Late | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<Late | undefined>((resolve) => {
    timer = setTimeout(resolve, milliseconds, late);
  });
  try {
    return await Promise.race([promise, limit]);
  } finally {
    clearTimeout(timer);
  }
}
