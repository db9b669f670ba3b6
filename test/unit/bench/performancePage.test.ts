import { expect, it } from 'vitest';
import { performancePage } from '../../../scripts/performancePage.ts';
import type { Figure } from '../../bench/results.ts';

const page = (...figures: Figure[]) =>
  performancePage([
    {
      measured: '2026-01-02T03:04:05Z',
      commit: 'abc',
      machine: 'a machine',
      cluster: 'none',
      figures,
    },
  ]);

it('shows a comparison as a row: ratio with interval, goal, verdict, rounds', () => {
  const theirs = [10, 20, 40];
  const text = page({
    ...{ group: 'Start', name: 'ports', unit: 'ms', against: 'kubectl get', goal: { most: 1.4 } },
    ...{ ours: [12, 26, 44], theirs },
  });
  expect(text).toContain('## Start\n');
  expect(text).toContain('| ports | `kubectl get` | 1.20 [1.10 – 1.30] | at most 1.4 | met | 3 |');
  expect(text).toContain('Measured 2026-01-02, commit abc; cluster: none; a machine.');
});

it('shows a value without a comparison as a fraction of its limit', () => {
  const text = page({
    ...{ group: 'Exec', name: 'memory', unit: 'bytes', ours: [50e6], goal: { most: 100e6 } },
  });
  expect(text).toContain(
    '| memory |  | 0.50 [0.50 – 0.50] of the limit | at most 100 MB | met | 1 |',
  );
});

it('shows growing values as a curve, relative to the first', () => {
  const of = 'pods';
  const grown = [10, 40, 20].map(
    (x): Figure => ({ group: 'Pods', name: 'listed', unit: 'ms', ours: [x * 2], x, of }),
  );
  const text = page(...grown);
  const rows = [...text.matchAll(/^\| (\d+) \| (\S+) /gm)].map(([, x, growth]) => `${x} ${growth}`);
  expect(rows).toEqual(['10 1.00', '20 2.00', '40 4.00']);
  expect(text).toContain('line [1.00, 2.00, 4.00]');
});
