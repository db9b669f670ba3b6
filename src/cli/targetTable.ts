import { earlyEndText } from '../capture/earlyEnd.ts';
import type { TargetOutcome } from '../capture/live/captureTargets.ts';
import { unmatchedLines } from '../capture/unmatched.ts';
import { type ResolvedTarget, targetNode } from '../kube/targets/resolvedTarget.ts';
import type { Notice } from '../notice.ts';
import { countText } from '../output/quantities.ts';
import { renderTable } from '../output/table.ts';

/** The result for each target of a capture, one per line. */
export function targetTable(
  targets: readonly TargetOutcome[],
  nameOf: (target: ResolvedTarget) => string,
): Iterable<string> {
  // Usually these are all zero, and without them the table fits into 80 columns.
  const unlessZero = (header: string, cell: (target: TargetOutcome) => number) =>
    targets.some((target) => cell(target) > 0) ? [{ header, cell }] : [];
  return renderTable<TargetOutcome>(
    [
      {
        header: targets.every(({ target }) => target.pod) ? 'POD' : 'TARGET',
        cell: ({ target }) => nameOf(target),
      },
      { header: 'NODE', cell: ({ target }) => targetNode(target) },
      { header: 'PACKETS', cell: ({ packets }) => packets },
      { header: 'DROPPED', cell: ({ outcome }) => droppedText(outcome?.statistics) },
      ...unlessZero('GAPS', ({ outcome }) => outcome?.gaps?.length ?? 0),
      ...unlessZero('INTERRUPTIONS', ({ outcome }) => outcome?.interruptions ?? 0),
      { header: 'END', cell: endText },
    ],
    targets,
  );
}

/** A capture may end without this count. */
function droppedText(statistics: NonNullable<TargetOutcome['outcome']>['statistics'] = {}) {
  const { receivedByFilter, droppedByKernel, droppedByInterface } = statistics;
  if (receivedByFilter === undefined && droppedByKernel === undefined) return '?';
  return (droppedByKernel ?? 0) + (droppedByInterface ?? 0);
}

/** The number of targets for which the number of dropped packets is unknown. */
export function targetsWithUnknownDrops(targets: readonly TargetOutcome[]): number {
  return targets.filter(({ outcome }) => droppedText(outcome?.statistics) === '?').length;
}

/** The number of targets without packets for which other traffic is listed. */
const MAX_UNMATCHED_TARGETS = 5;

/** Other traffic of the first few targets that captured nothing. */
export function unmatchedNotes(
  targets: readonly TargetOutcome[],
  nameOf: (target: ResolvedTarget) => string,
): Notice[] {
  const empty = targets.flatMap(({ target, outcome }) =>
    outcome?.unmatched ? { name: nameOf(target), lines: unmatchedLines(outcome.unmatched) } : [],
  );
  const kind = 'unmatched';
  const more = empty.length - MAX_UNMATCHED_TARGETS;
  return [
    ...empty
      .slice(0, MAX_UNMATCHED_TARGETS)
      .flatMap(({ name, lines }) => lines.map((text) => ({ kind, text, target: name }) as const)),
    ...(more > 0
      ? [{ kind, text: `${countText(more, 'more target')} captured no packet` } as const]
      : []),
  ];
}

function endText({ outcome, problem, packets }: TargetOutcome): string {
  if (problem) return packets > 0 ? 'partly lost' : 'not captured';
  if (outcome?.earlyEnd) return `ended early: ${earlyEndText(outcome.earlyEnd)}`;
  return outcome ? 'complete' : 'pod has ended';
}
