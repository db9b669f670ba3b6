import { earlyEndText } from '../capture/earlyEnd.ts';
import type { TargetOutcome } from '../capture/live/captureTargets.ts';
import { type FoundTarget, nodeOf } from '../kube/targets/foundTarget.ts';
import { renderTable } from '../output/table.ts';

/** The result for each target of a capture, a line each. */
export function targetTable(
  targets: readonly TargetOutcome[],
  nameOf: (found: FoundTarget) => string,
): Iterable<string> {
  return renderTable<TargetOutcome>(
    [
      {
        header: targets.every(({ found }) => found.pod) ? 'POD' : 'TARGET',
        cell: ({ found }) => nameOf(found),
      },
      { header: 'NODE', cell: ({ found }) => nodeOf(found) },
      { header: 'PACKETS', cell: ({ packets }) => packets },
      { header: 'DROPPED', cell: ({ outcome }) => droppedOf(outcome?.statistics) },
      { header: 'GAPS', cell: ({ outcome }) => outcome?.gaps?.length ?? 0 },
      { header: 'INTERRUPTIONS', cell: ({ outcome }) => outcome?.interruptions ?? 0 },
      { header: 'END', cell: endOf },
    ],
    targets,
  );
}

/** Not every end tells how many there were. */
function droppedOf(statistics: NonNullable<TargetOutcome['outcome']>['statistics'] = {}) {
  const { receivedByFilter, droppedByKernel, droppedByInterface } = statistics;
  if (receivedByFilter === undefined && droppedByKernel === undefined) return '?';
  return (droppedByKernel ?? 0) + (droppedByInterface ?? 0);
}

/** Of how many targets it is not known how many packets the kernel dropped. */
export function targetsWithUnknownDrops(targets: readonly TargetOutcome[]): number {
  return targets.filter(({ outcome }) => droppedOf(outcome?.statistics) === '?').length;
}

function endOf({ outcome, problem, packets }: TargetOutcome): string {
  if (problem) return packets > 0 ? 'lost in part' : 'not captured';
  if (outcome?.early) return `ended early: ${earlyEndText(outcome.early)}`;
  return outcome ? 'in order' : 'pod has ended';
}
