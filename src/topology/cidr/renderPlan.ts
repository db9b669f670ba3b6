import { renderTable } from '../../output/table.ts';
import { terminalSafe } from '../../output/terminalSafe.ts';
import type { Alternative } from './alternatives.ts';
import type { CidrFinding } from './cidrFinding.ts';
import { formatCount } from './formatCount.ts';
import type { CidrPlan } from './plan.ts';

/** Renders a plan as text. */
export function renderPlan(plan: CidrPlan): string[] {
  const { network, nodes, addressesPerNode, podsPerNode, families, findings, alternatives } = plan;
  const counted = (count: number | string) => formatCount(BigInt(count));
  const lines = [
    `${network}: ${counted(nodes)} nodes, ${counted(addressesPerNode)} addresses per node, ${podsPerNode} pods per node`,
  ];
  if (families.length > 1)
    for (const family of families)
      lines.push(
        `  ${family.network}: ${counted(family.nodes)} nodes, ${counted(family.addressesPerNode)} addresses per node`,
      );
  const chunks = [...lines.map((line) => `${line}\n`), ...renderCidrFindings(findings)];
  if (alternatives.length === 0) return chunks;
  const columns = [
    { header: 'CLUSTER-CIDR', cell: (alternative: Alternative) => alternative.clusterCidr },
    { header: 'NODE-MASK', cell: (alternative: Alternative) => `/${alternative.nodeMask}` },
    { header: 'NODES', cell: (alternative: Alternative) => counted(alternative.nodes) },
    {
      header: 'ADDRESSES-PER-NODE',
      cell: (alternative: Alternative) => counted(alternative.addressesPerNode),
    },
  ];
  return [...chunks, '\nAlternatives:\n', ...renderTable(columns, alternatives)];
}

/** Renders findings as text, each with its fix and source below. */
export function* renderCidrFindings(findings: readonly CidrFinding[]): Generator<string> {
  for (const { severity, what, fix, source } of findings) {
    yield `${terminalSafe(`${severity}: ${what}`)}\n`;
    for (const line of [fix, source]) if (line !== undefined) yield `  ${terminalSafe(line)}\n`;
  }
}
