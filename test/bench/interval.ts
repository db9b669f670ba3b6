import type { FigureGoal } from './results.ts';

/** A median, and the interval that contains it with a confidence of at least 95 %. */
export interface Interval {
  readonly median: number;
  readonly low: number;
  readonly high: number;
}

/** The ratio of two contestants, from the ratio of each round, because a disturbance of a round affects both. */
export function ratioInterval(ours: readonly number[], theirs: readonly number[]): Interval {
  const rounds = Math.min(ours.length, theirs.length);
  return medianInterval(
    Array.from({ length: rounds }, (_, round) => (ours[round] ?? 0) / (theirs[round] ?? 0)),
  );
}

/**
 * The interval of the median from order statistics, which assume nothing about the distribution. The number of values
 * below the median is binomial with p = 1/2.
 */
export function medianInterval(values: readonly number[]): Interval {
  const sorted = values.toSorted((a, b) => a - b);
  const count = sorted.length;
  let outside = 0;
  let below = 0;
  for (let chance = 0.5 ** count; outside + chance <= 0.025 && below < count / 2; below++) {
    outside += chance;
    chance *= (count - below) / (below + 1);
  }
  // With few values, no interval reaches this confidence. It then contains all values.
  const first = Math.max(0, below - 1);
  const at = (index: number) => sorted[index] ?? Number.NaN;
  const median = (at((count - 1) >> 1) + at(count >> 1)) / 2;
  return { median, low: at(first), high: at(count - 1 - first) };
}

/** Whether a goal is met, within the certainty of the interval. */
export function judge({ low, high }: Interval, goal: FigureGoal): 'met' | 'missed' | 'open' {
  const [sure, never] =
    'most' in goal ? [high <= goal.most, low > goal.most] : [low >= goal.least, high < goal.least];
  return sure ? 'met' : never ? 'missed' : 'open';
}
