/** A span of time, in microseconds. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/** What is narrower than this cannot be zoomed into. */
const LEAST_SPAN = 100;

/** A span within the whole, not narrower than what can be shown. */
export function clampedSpan(span: Span, whole: Span): Span {
  const length = Math.min(Math.max(span.to - span.from, LEAST_SPAN), whole.to - whole.from);
  const from = Math.min(Math.max(span.from, whole.from), whole.to - length);
  return { from, to: from + length };
}

/** Narrower by a factor below 1, wider by one above, around a point. */
export function zoomed(span: Span, factor: number, around: number, whole: Span): Span {
  const from = around - (around - span.from) * factor;
  return clampedSpan({ from, to: from + (span.to - span.from) * factor }, whole);
}

const STEPS: readonly number[] = [
  ...[1e2, 1e3, 1e4, 1e5].flatMap((unit) => [unit, 2 * unit, 5 * unit]),
  ...[1, 2, 5, 10, 15, 30].map((seconds) => seconds * 1e6),
  ...[1, 2, 5, 10, 15, 30].map((minutes) => minutes * 60e6),
  ...[1, 2, 3, 6, 12, 24, 48, 120, 240].map((hours) => hours * 3600e6),
];

/** Times of day to write at an axis: at most `most` of them. `start`: milliseconds since 1970. */
export function timeTicks(
  span: Span,
  start: number,
  most: number,
): { at: number; digits: number }[] {
  const length = span.to - span.from;
  const step = STEPS.find((candidate) => length / candidate <= most) ?? length;
  const offset = (start * 1e3) % step;
  const ticks: { at: number; digits: number }[] = [];
  const digits = step >= 1e6 ? 0 : step >= 1e3 ? 3 : 6;
  for (let at = Math.ceil((span.from + offset) / step) * step - offset; at <= span.to; at += step)
    ticks.push({ at, digits });
  return ticks;
}

/** The least of 1, 2 and 5 times a power of ten that is not below the value. */
export function niceCeiling(value: number): number {
  if (value <= 0) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  return ([1, 2, 5, 10].find((factor) => factor * power >= value * 0.999_999) ?? 10) * power;
}

/** Values of buckets, added up in `bins` equal parts of a span. A bucket counts for the part its middle is in. */
export function binned(
  values: readonly number[],
  start: number,
  step: number,
  span: Span,
  bins: number,
): Float64Array {
  const sums = new Float64Array(bins);
  const width = (span.to - span.from) / bins;
  const first = Math.max(0, Math.floor((span.from - start) / step));
  const last = Math.min(values.length - 1, Math.ceil((span.to - start) / step));
  for (let at = first; at <= last; at++) {
    const value = values[at] as number;
    if (value === 0) continue;
    const bin = Math.floor((start + (at + 0.5) * step - span.from) / width);
    if (bin >= 0 && bin < bins) sums[bin] = (sums[bin] as number) + value;
  }
  return sums;
}
