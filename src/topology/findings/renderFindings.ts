import { terminalSafe } from '../../output/terminalSafe.ts';
import type { DeviceLocation } from '../trace/oneWayPath.ts';
import type { NetworkFinding } from './finding.ts';

/** Longer lines are cut, because text from nodes can have any length. */
const MAX_LINE_LENGTH = 1000;

export function truncate(text: string, limit: number): string {
  return text.length > limit ? `${text.slice(0, limit)}…` : text;
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
    const location = whereText(where);
    const cause = causedBy === undefined ? '' : ` (follows from ${causedBy})`;
    yield `${severity}: ${kind}${location === '' ? '' : ` on ${terminalSafe(location)}`}${cause}\n`;
    yield `  ${terminalSafe(truncate(meaning, MAX_LINE_LENGTH))}\n`;
    for (const line of evidence.split('\n'))
      yield `  evidence: ${terminalSafe(truncate(line, MAX_LINE_LENGTH))}\n`;
    for (const [index, line] of fix.split('\n').entries())
      yield `  ${index === 0 ? 'fix: ' : '  '}${terminalSafe(truncate(line, MAX_LINE_LENGTH))}\n`;
  }
}

function whereText({ node, pod, device }: DeviceLocation): string {
  return [node, pod, device].filter((part) => part !== undefined).join(', ');
}
