/**
 * The time of a packet: seconds since 1970, and nanoseconds. Two numbers, because one cannot hold nanoseconds since
 * 1970 exactly, and a bigint for each packet would cost more than the rest of its processing.
 */
export interface Moment {
  readonly seconds: number;
  readonly nanoseconds: number;
}

/** The precision of an interface's times: 6 for microseconds, 9 for nanoseconds. */
export type Resolution = 6 | 9;

const WORD = 2 ** 32;
const HALF_WORD = 2 ** 16;

/** Converts milliseconds since 1970, as from Date.now(). */
export function toMoment(milliseconds: number): Moment {
  const seconds = Math.floor(milliseconds / 1000);
  return { seconds, nanoseconds: Math.round((milliseconds - seconds * 1000) * 1e6) };
}

export function isBefore(a: Moment, b: Moment): boolean {
  return a.seconds < b.seconds || (a.seconds === b.seconds && a.nanoseconds < b.nanoseconds);
}

/**
 * Writes a time as pcapng does: a 64-bit count of units of the resolution since 1970, with the high word first in
 * either byte order. All steps are exact, below 2^53.
 */
export function writeTicks(
  buffer: Buffer,
  at: number,
  seconds: number,
  nanoseconds: number,
  resolution: Resolution,
): void {
  let high: number;
  let low: number;
  if (resolution === 6) {
    const ticks = seconds * 1e6 + Math.floor(nanoseconds / 1000);
    high = Math.floor(ticks / WORD);
    low = ticks - high * WORD;
  } else {
    const secondsHigh = Math.floor(seconds / HALF_WORD);
    const product = secondsHigh * 1e9;
    const productHigh = Math.floor(product / HALF_WORD);
    const rest =
      (product - productHigh * HALF_WORD) * HALF_WORD +
      (seconds - secondsHigh * HALF_WORD) * 1e9 +
      nanoseconds;
    const carried = Math.floor(rest / WORD);
    high = productHigh + carried;
    low = rest - carried * WORD;
  }
  buffer.writeUInt32LE(high >>> 0, at);
  buffer.writeUInt32LE(low, at + 4);
}

/** Divides a 64-bit count of units by the number of units `perSecond`: whole seconds and the remainder. */
export function divideTicks(
  high: number,
  low: number,
  perSecond: number,
): { seconds: number; rest: number } {
  const upper = high * HALF_WORD + (low >>> 16);
  const quotient = Math.floor(upper / perSecond);
  const lower = (upper - quotient * perSecond) * HALF_WORD + (low & 0xffff);
  const seconds = Math.floor(lower / perSecond);
  return { seconds: quotient * HALF_WORD + seconds, rest: lower - seconds * perSecond };
}
