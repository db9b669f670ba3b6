/** A span of time, in microseconds. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/** The shortest span to zoom into. */
const MIN_SPAN = 100;

/** Moves a span into the whole, and widens it if it is too short to show. */
export function clampSpan(span: Span, whole: Span): Span {
  const length = Math.min(Math.max(span.to - span.from, MIN_SPAN), whole.to - whole.from);
  const from = Math.min(Math.max(span.from, whole.from), whole.to - length);
  return { from, to: from + length };
}

/** Zooms around a time: factors below 1 zoom in, factors above 1 zoom out. */
export function zoomSpan(span: Span, factor: number, around: number, whole: Span): Span {
  const from = around - (around - span.from) * factor;
  return clampSpan({ from, to: from + (span.to - span.from) * factor }, whole);
}

const STEPS: readonly number[] = [
  ...[1e2, 1e3, 1e4, 1e5].flatMap((unit) => [unit, 2 * unit, 5 * unit]),
  ...[1, 2, 5, 10, 15, 30].map((seconds) => seconds * 1e6),
  ...[1, 2, 5, 10, 15, 30].map((minutes) => minutes * 60e6),
  ...[1, 2, 3, 6, 12, 24, 48, 120, 240].map((hours) => hours * 3600e6),
];

/** Times of day for the labels of an axis, at most `most`. `start` is in milliseconds since 1970. */
export function timeTicks(
  span: Span,
  start: number,
  maxTicks: number,
): { at: number; digits: number }[] {
  const length = span.to - span.from;
  const step = STEPS.find((candidate) => length / candidate <= maxTicks) ?? length;
  const offset = (start * 1e3) % step;
  const ticks: { at: number; digits: number }[] = [];
  const digits = step >= 1e6 ? 0 : step >= 1e3 ? 3 : 6;
  for (let at = Math.ceil((span.from + offset) / step) * step - offset; at <= span.to; at += step)
    ticks.push({ at, digits });
  return ticks;
}

/** Rounds up to 1, 2 or 5 times a power of ten. */
export function niceCeiling(value: number): number {
  if (value <= 0) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  return ([1, 2, 5, 10].find((factor) => factor * power >= value * 0.999_999) ?? 10) * power;
}

/** Adds up buckets in `bins` equal parts of a span. A bucket counts for the part that its middle is in. */
export function binValues(
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
