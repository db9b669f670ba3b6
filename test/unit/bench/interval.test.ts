import { expect, it } from 'vitest';
import { judge, medianInterval, ratioInterval } from '../../bench/interval.ts';

const upTo = (count: number) => Array.from({ length: count }, (_, index) => index + 1);

it.each([
  // The ranks of the sign test for 95 %, from published tables.
  { count: 6, low: 1, high: 6 },
  { count: 9, low: 2, high: 8 },
  { count: 21, low: 6, high: 16 },
  { count: 31, low: 10, high: 22 },
])('the interval of the median of $count values', ({ count, low, high }) => {
  expect(medianInterval(upTo(count).reverse())).toEqual({ median: (count + 1) / 2, low, high });
});

it('a ratio is computed in each round, so disturbances of rounds cancel out', () => {
  const theirs = [10, 1000, 10, 20, 10, 3000, 10];
  const ours = theirs.map((value) => value * 1.5);
  expect(ratioInterval(ours, theirs)).toEqual({ median: 1.5, low: 1.5, high: 1.5 });
});

it('a goal is open if the interval is on both sides of it', () => {
  const interval = { median: 1, low: 0.9, high: 1.2 };
  const judged = [{ most: 1.2 }, { most: 1 }, { most: 0.8 }, { least: 0.9 }, { least: 1.3 }].map(
    (goal) => judge(interval, goal),
  );
  expect(judged).toEqual(['met', 'open', 'missed', 'met', 'missed']);
});
