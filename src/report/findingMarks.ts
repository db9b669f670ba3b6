import type { Summary } from '../reading/summary.ts';
import type { ConversationRow } from './collect/conversationRow.ts';
import type { FindingMark } from './model.ts';
import type { ReportClock } from './reportClock.ts';

/** How many conversations of a finding the page can list. */
const MAX_ROWS = 200;

/**
 * Findings with their times and conversations. A conversation belongs to a finding if it has a packet that the
 * finding names.
 */
export function findingMarks(
  { findings, summarizer }: Summary,
  rows: readonly ConversationRow[],
  clock: ReportClock,
): FindingMark[] {
  const rowsByFinding = findings.map(() => new Set<number>());
  const byPacket = new Map<number, number[]>();
  for (const [index, { packets }] of findings.entries())
    for (const packet of packets) {
      const indexes = byPacket.get(packet);
      if (indexes) indexes.push(index);
      else byPacket.set(packet, [index]);
    }
  const labels = summarizer.interfaces.map(({ label }) => label);
  const isOf = (finding: number, row: ConversationRow) => {
    const on = findings[finding]?.interface;
    return on === undefined || on === labels[row.interfaceIndex];
  };
  for (const [number, row] of rows.entries()) {
    const { log } = row;
    for (let at = 0; at < (log?.count ?? 0); at++)
      for (const finding of byPacket.get(log?.numberAt(at) ?? 0) ?? []) {
        const findingRows = rowsByFinding[finding];
        if (findingRows && findingRows.size < MAX_ROWS && isOf(finding, row))
          findingRows.add(number);
      }
  }
  // For loss between points, all lost packets are known, not only those that the finding names.
  for (const [finding, { kind }] of findings.entries())
    if (kind === 'loss-between-points')
      for (const [number, row] of rows.entries()) {
        const findingRows = rowsByFinding[finding];
        if (row.lost > 0 && isOf(finding, row) && findingRows && findingRows.size < MAX_ROWS)
          findingRows.add(number);
      }
  return findings.map(({ kind, severity, when, until }, index) => {
    const from = clock.atText(when);
    return {
      number: index + 1,
      kind,
      severity,
      ...(from !== undefined && { from, to: clock.atText(until) ?? from }),
      rows: [...(rowsByFinding[index] ?? [])].sort((a, b) => a - b),
    };
  });
}
