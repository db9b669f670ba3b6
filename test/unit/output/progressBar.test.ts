import { describe, expect, it } from 'vitest';
import { ProgressBar, progressText } from '../../../src/output/progressBar.ts';
import { StatusLine } from '../../../src/output/statusLine.ts';

/** A bar on a stream that may be a terminal; returns what was written to it. */
function bar(isTTY: boolean) {
  const written: string[] = [];
  const stream = { isTTY, columns: 80, write: (text: string) => written.push(text) };
  return {
    written,
    bar: new ProgressBar(new StatusLine(stream as unknown as NodeJS.WriteStream)),
  };
}

describe('a progress bar', () => {
  it('shows the percentage, amount, rate, time left and current file', () => {
    expect(progressText({ done: 205e6, total: 500e6, now: 'file 5' }, 98.1e6)).toBe(
      '[########------------]  41%  205 MB of 500 MB  98.1 MB/s  0:03 left  file 5',
    );
    expect(progressText({ done: 0, total: 500e6, now: 'file 1' }, undefined)).toBe(
      '[--------------------]   0%  0 B of 500 MB  file 1',
    );
    expect(progressText({ done: 5, total: 5, now: '' }, 0)).toContain('100%');
    expect(progressText({ done: 0, total: 0, now: '' }, undefined)).toContain('100%');
    expect(progressText({ done: 499e6, total: 500e6, now: '' }, undefined)).toContain(' 99%');
  });

  it('stays within 80 columns', () => {
    const long = { done: 999.9e12, total: 999.9e12 + 1, now: 'file 123456 of a long name' };
    expect(progressText(long, 0.001).length).toBeLessThan(80);
  });

  it('measures the rate over the last few seconds', () => {
    const { bar: first, written } = bar(true);
    for (let second = 0; second <= 20; second++)
      first.show(
        { done: second < 10 ? 0 : (second - 10) * 1e6, total: 20e6, now: '' },
        second * 1000,
      );
    expect(written.at(-1)).toContain('1.0 MB/s  0:10 left');
    const lines = written.length;
    first.show({ done: 10e6, total: 20e6, now: '' }, 20_100);
    expect(written).toHaveLength(lines);
  });

  it('prints nothing without a terminal', () => {
    const { bar: first, written } = bar(false);
    first.show({ done: 1, total: 2, now: '' });
    first.clear();
    expect(written).toEqual([]);
  });
});
