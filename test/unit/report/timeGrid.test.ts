import { describe, expect, it } from 'vitest';
import { TimeGrid } from '../../../src/report/collect/timeGrid.ts';
import { Chance } from '../pcap/madeCaptures.ts';

const total = (values: Float64Array) => values.reduce((sum, value) => sum + value, 0);

describe('a time grid', () => {
  it('uses the finest buckets as long as possible', () => {
    const grid = new TimeGrid();
    const series = grid.addSeries();
    for (const time of [5e6, 5.05e6, 7e6]) grid.add(series, time, 1);
    expect(grid.step).toBe(1e5);
    expect(grid.start).toBe(5e6);
    expect(grid.buckets).toBe(21);
    expect([grid.values(series)[0], grid.values(series)[20]]).toEqual([2, 1]);
  });

  it('joins buckets as time advances, without losing counts', () => {
    const grid = new TimeGrid();
    const [firstSeries, secondSeries] = [grid.addSeries(), grid.addSeries()];
    for (let second = 0; second < 7_200; second++) grid.add(firstSeries, second * 1e9, 2);
    grid.add(secondSeries, 3_600e9, 5);
    expect(grid.step).toBe(2e9);
    expect(grid.buckets).toBe(3_600);
    expect(total(grid.values(firstSeries))).toBe(14_400);
    expect(grid.values(secondSeries)[1_800]).toBe(5);
  });

  it('accepts times in any order, also before the first', () => {
    const chance = new Chance(7);
    const times = Array.from({ length: 2_000 }, () => chance.between(-50_000, 90_000) * 1e6);
    const grid = new TimeGrid();
    const series = grid.addSeries();
    for (const time of times) grid.add(series, time, 1);
    expect(grid.buckets).toBeLessThanOrEqual(4_000);
    const values = grid.values(series);
    for (const [at, value] of values.entries()) {
      const from = grid.start + at * grid.step;
      const expected = times.filter((time) => time >= from && time < from + grid.step).length;
      expect(value, `bucket ${at}`).toBe(expected);
    }
  });
});
