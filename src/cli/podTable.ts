import type { PodOutcome } from '../capture/live/captureTargets.ts';
import type { Pod } from '../kube/pod.ts';
import { renderTable } from '../output/table.ts';

/** What became of each pod of a capture, a line each. */
export function podTable(
  pods: readonly PodOutcome[],
  nameOf: (pod: Pod) => string,
): Iterable<string> {
  return renderTable<PodOutcome>(
    [
      { header: 'POD', cell: ({ pod }) => nameOf(pod) },
      { header: 'NODE', cell: ({ pod }) => pod.spec.nodeName ?? '' },
      { header: 'PACKETS', cell: ({ packets }) => packets },
      { header: 'DROPPED', cell: ({ outcome }) => droppedOf(outcome?.statistics) },
      { header: 'GAPS', cell: ({ outcome }) => outcome?.gaps?.length ?? 0 },
      { header: 'INTERRUPTIONS', cell: ({ outcome }) => outcome?.interruptions ?? 0 },
      { header: 'END', cell: endOf },
    ],
    pods,
  );
}

/** Not every end tells how many there were. */
function droppedOf(statistics: NonNullable<PodOutcome['outcome']>['statistics'] = {}) {
  const { receivedByFilter, droppedByKernel, droppedByInterface } = statistics;
  if (receivedByFilter === undefined && droppedByKernel === undefined) return '?';
  return (droppedByKernel ?? 0) + (droppedByInterface ?? 0);
}

function endOf({ outcome, problem, packets }: PodOutcome): string {
  if (problem) return packets > 0 ? 'lost in part' : 'not captured';
  return outcome ? 'in order' : 'pod has ended';
}
