import { renderTable } from '../../../output/table.ts';
import { terminalSafe } from '../../../output/terminalSafe.ts';
import { formatCount } from '../formatCount.ts';
import { renderCidrFindings } from '../renderPlan.ts';
import type { ClusterReport } from './clusterReport.ts';

type Row = ClusterReport['nodes'][number];

/** Renders the ranges of a cluster as text. */
export function* renderClusterReport(report: ClusterReport, isWide: boolean): Generator<string> {
  const { ranges, nodes, moreNodes, limits, findings } = report;
  yield* renderTable<ClusterReport['ranges'][number]>(
    [
      { header: 'RANGE', cell: ({ use }) => use },
      { header: 'CIDR', cell: ({ network, exact }) => (exact ? network : `at least ${network}`) },
      { header: 'LEARNED-FROM', cell: ({ learnedFrom }) => learnedFrom.join(', ') },
    ],
    ranges,
  );
  yield '\n';
  const each = (row: Row, cell: (range: Row['ranges'][number]) => string) =>
    row.ranges.length === 0 ? '-' : row.ranges.map(cell).join(',');
  yield* renderTable<Row>(
    [
      { header: 'NODE', cell: ({ name }) => name },
      { header: 'POD-CIDR', cell: (row) => each(row, ({ network }) => network) },
      { header: 'ADDRESSES', cell: (row) => each(row, ({ addresses }) => counted(addresses)) },
      { header: 'USED', cell: (row) => each(row, ({ used }) => formatCount(used)) },
      { header: 'FREE', cell: (row) => each(row, ({ free }) => counted(free)) },
      { header: 'PODS', cell: ({ pods }) => pods },
      { header: 'LIMIT', cell: ({ podLimit }) => podLimit ?? '-' },
      ...(isWide
        ? [
            {
              header: 'LEARNED-FROM',
              cell: (row: Row) =>
                [...new Set(row.ranges.map((range) => range.learnedFrom))].join(','),
            },
          ]
        : []),
    ],
    nodes,
  );
  yield '\n';
  yield moreNodes === undefined
    ? 'It is unknown how many more nodes fit, because the range of pods is unknown.\n'
    : `${formatCount(moreNodes)} more nodes fit.\n`;
  const [first] = limits;
  if (first !== undefined)
    yield `${terminalSafe(`Runs out first: ${first.what}: ${formatCount(first.used)} of ${counted(first.total)} used`)}\n`;
  if (isWide)
    for (const { what, used, total } of limits.slice(1))
      yield `${terminalSafe(`Then: ${what}: ${formatCount(used)} of ${counted(total)} used`)}\n`;
  yield* renderCidrFindings(findings);
}

function counted(count: number | string): string {
  return formatCount(BigInt(count));
}
