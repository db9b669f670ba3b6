import { describe, expect, it } from 'vitest';
import { bytesText } from '../../../src/output/quantities.ts';
import { rateText, spanText, utcClockText } from '../../../src/report/page/format.ts';
import {
  binValues,
  clampSpan,
  niceCeiling,
  timeTicks,
  zoomSpan,
} from '../../../src/report/page/timeScale.ts';

const SECOND = 1e6;
const start = Date.parse('2026-11-26T14:05:01.250Z');

describe('a span of time', () => {
  const whole = { from: 0, to: 100 * SECOND };

  it('zooms around a point and stays within the whole range', () => {
    expect(zoomSpan(whole, 0.5, 20 * SECOND, whole)).toEqual({
      from: 10 * SECOND,
      to: 60 * SECOND,
    });
    expect(zoomSpan({ from: 0, to: 60 * SECOND }, 2, 0, whole)).toEqual(whole);
    expect(clampSpan({ from: -5 * SECOND, to: 5 * SECOND }, whole)).toEqual({
      from: 0,
      to: 10 * SECOND,
    });
    const narrow = zoomSpan(whole, 1e-12, 50 * SECOND, whole);
    expect(narrow.to - narrow.from).toBeCloseTo(100);
  });

  it('has ticks at round times of day', () => {
    const ticks = timeTicks({ from: 0, to: 10 * SECOND }, start, 6);
    expect(ticks.map(({ at, digits }) => utcClockText(start, at, digits))).toEqual([
      '14:05:02',
      '14:05:04',
      '14:05:06',
      '14:05:08',
      '14:05:10',
    ]);
    const narrow = timeTicks({ from: 0, to: 3_000 }, start, 4);
    expect(narrow.map(({ at, digits }) => utcClockText(start, at, digits))[1]).toBe('14:05:01.251');
  });

  it('adds up the buckets within a span, and nothing outside', () => {
    const values = [1, 2, 3, 4, 5, 6];
    expect([...binValues(values, 0, 10, { from: 0, to: 60 }, 3)]).toEqual([3, 7, 11]);
    expect([...binValues(values, 0, 10, { from: 20, to: 40 }, 2)]).toEqual([3, 4]);
    expect([...binValues(values, 100, 10, { from: 0, to: 60 }, 2)]).toEqual([0, 0]);
  });
});

describe('formatted numbers', () => {
  it('are easy to read', () => {
    expect([0, 999, 1_000, 12_345, 99_999_999].map(bytesText)).toEqual([
      '0 B',
      '999 B',
      '1.0 kB',
      '12.3 kB',
      '100 MB',
    ]);
    expect([214, 12_540, 1_250_000, 125e6, -3_000].map(spanText)).toEqual([
      '214 µs',
      '12.5 ms',
      '1.25 s',
      '2 min 5 s',
      '−3 ms',
    ]);
    expect(rateText(20e6, 'bit/s')).toBe('20.0 Mbit/s');
    expect([3, 20.1, 999, 2001].map(niceCeiling)).toEqual([5, 50, 1_000, 5_000]);
    expect(utcClockText(start, -1)).toBe('14:05:01.249');
    expect(utcClockText(start, 750_000, 6)).toBe('14:05:02.000000');
  });
});
