import { expect, it } from 'vitest';
import type { TargetOutcome } from '../../../src/capture/live/captureTargets.ts';
import { targetTable } from '../../../src/cli/targetTable.ts';
import type { ResolvedTarget } from '../../../src/kube/targets/resolvedTarget.ts';

const target = { node: 'node-a', text: 'web' } as unknown as ResolvedTarget;
const outcome = { statistics: { receivedByFilter: 3, droppedByKernel: 0 } };
const header = (...targets: TargetOutcome[]) =>
  [...targetTable(targets, () => 'web')][0]?.trim().split(/ +/);

it('has columns for gaps and interruptions only if there are some', () => {
  const healthy = { target, packets: 3, bytes: 300, outcome } as TargetOutcome;
  const interrupted = { ...healthy, outcome: { ...outcome, interruptions: 2 } } as TargetOutcome;
  expect(header(healthy)).toEqual(['TARGET', 'NODE', 'PACKETS', 'DROPPED', 'END']);
  expect(header(healthy, interrupted)).toEqual([
    'TARGET',
    'NODE',
    'PACKETS',
    'DROPPED',
    'INTERRUPTIONS',
    'END',
  ]);
});
