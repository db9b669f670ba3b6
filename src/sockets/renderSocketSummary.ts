import { renderDocument } from '../output/renderDocument.ts';
import { type Column, renderTable } from '../output/table.ts';
import { inChunks } from './chunks.ts';
import type { SocketSummary, StateCounts } from './summary.ts';

/** Enough for people to read; -o json and yaml have all peers. */
const MAX_SHOWN_PEERS = 20;

/** Renders the summary as three tables for people, or as data for programs. */
export function renderSocketSummary(
  summary: SocketSummary,
  format: 'table' | 'json' | 'yaml',
): Iterable<string> {
  return format === 'table'
    ? inChunks(tables(summary))
    : [renderDocument({ kind: 'SocketSummary', ...summary }, format)];
}

function* tables({ states, localPorts, peers }: SocketSummary): Generator<string> {
  yield* renderTable(
    [
      { header: 'PROTO', cell: (row) => row.protocol },
      { header: 'STATE', cell: (row) => row.state },
      { header: 'COUNT', cell: (row) => row.count },
    ],
    states,
  );
  if (localPorts.length > 0) {
    yield '\n';
    yield* renderTable(
      [{ header: 'LISTENING PORT', cell: (row) => row.port }, ...COUNT_COLUMNS],
      localPorts,
    );
  }
  if (peers.length > 0) {
    yield '\n';
    yield* renderTable(
      [{ header: 'PEER', cell: (row) => row.address }, ...COUNT_COLUMNS],
      peers.slice(0, MAX_SHOWN_PEERS),
    );
  }
  if (peers.length > MAX_SHOWN_PEERS) {
    yield `and ${peers.length - MAX_SHOWN_PEERS} more peers (-o json has them all)\n`;
  }
}

const COUNT_COLUMNS: readonly Column<{ count: number; states: StateCounts }>[] = [
  { header: 'CONNECTIONS', cell: (row) => row.count },
  { header: 'STATES', cell: (row) => statesText(row.states) },
];

function statesText(states: StateCounts): string {
  return Object.entries(states)
    .sort(([, a], [, b]) => b - a)
    .map(([state, count]) => `${count} ${state}`)
    .join(', ');
}
