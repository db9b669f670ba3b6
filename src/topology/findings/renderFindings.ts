import { terminalSafe } from '../../output/terminalSafe.ts';
import type { Where } from '../trace/way.ts';
import type { NetworkFinding } from './finding.ts';

/** Longer lines are cut, because text from nodes can have any length. */
const LONGEST_LINE = 1000;

export function shortened(text: string, most: number): string {
  return text.length > most ? `${text.slice(0, most)}…` : text;
}

/**
 * Renders findings as text: independent ones first, then by severity. Each has its kind, place, evidence, meaning
 * and fix.
 */
export function* renderFindings(findings: readonly NetworkFinding[]): Generator<string> {
  const rank = { error: 0, warning: 1, info: 2 };
  const sorted = findings.toSorted(
    (a, b) =>
      Number(a.causedBy !== undefined) - Number(b.causedBy !== undefined) ||
      rank[a.severity] - rank[b.severity],
  );
  for (const { kind, severity, where, evidence, meaning, fix, causedBy } of sorted) {
    const place = whereText(where);
    const cause = causedBy === undefined ? '' : ` (follows from ${causedBy})`;
    yield `${severity}: ${kind}${place === '' ? '' : ` on ${terminalSafe(place)}`}${cause}\n`;
    yield `  ${terminalSafe(shortened(meaning, LONGEST_LINE))}\n`;
    for (const line of evidence.split('\n'))
      yield `  evidence: ${terminalSafe(shortened(line, LONGEST_LINE))}\n`;
    yield `  fix: ${terminalSafe(shortened(fix, LONGEST_LINE))}\n`;
  }
}

function whereText({ node, pod, device }: Where): string {
  return [node, pod, device].filter((part) => part !== undefined).join(', ');
}
