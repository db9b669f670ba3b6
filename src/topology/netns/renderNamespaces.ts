import { type Column, renderTable } from '../../output/table.ts';
import type { NamespaceRow } from './namespaceRows.ts';

/** Renders the table of `netns`. `wide` shows full command lines and every mount. */
export function namespaceTable(rows: readonly NamespaceRow[], wide: boolean): Iterable<string> {
  const nodes = new Set(rows.map(({ node }) => node));
  return renderTable(columns(wide, nodes.size > 1), rows);
}

/** The length of command lines that keeps the table readable. */
const COMMAND_LENGTH = 32;

function columns(wide: boolean, withNode: boolean): Column<NamespaceRow>[] {
  const column = (header: string, cell: (row: NamespaceRow) => string | number | null) => ({
    header,
    cell: (row: NamespaceRow) => {
      const value = cell(row);
      return value === null || value === '' ? '-' : value;
    },
  });
  return [
    ...(withNode ? [column('NODE', ({ node }) => node)] : []),
    column('NS', ({ inode }) => inode),
    column('NPROCS', ({ nprocs }) => nprocs),
    column('PID', ({ pid }) => pid),
    column('USER', ({ user }) => user),
    column('NETNSID', ({ netnsid }) => netnsid ?? 'unassigned'),
    column('POD', podText),
    column('NAMESPACE', ({ podNamespace }) => podNamespace),
    column('ADDRESSES', addressText),
    column('RUNTIME', ({ runtime }) => runtime),
    column('NSFS', ({ nsfs }) => (wide ? nsfs.join(',') : (nsfs[0] ?? null))),
    column('COMMAND', ({ command }) => (wide ? command : truncate(command))),
  ];
}

function podText({ pod, leaked, runtime }: NamespaceRow): string | null {
  const name = pod ?? (runtime === 'host' ? 'node' : null);
  if (leaked !== true) return name;
  return name === null ? '(leaked)' : `${name} (leaked)`;
}

/** A node has an address on each bridge and uplink; the first two identify it. */
function addressText({ addresses }: NamespaceRow): string {
  const firstAddresses = addresses.slice(0, 2).join(',');
  return addresses.length > 2 ? `${firstAddresses},+${addresses.length - 2}` : firstAddresses;
}

function truncate(command: string | null): string | null {
  if (command === null || command.length <= COMMAND_LENGTH) return command;
  return `${command.slice(0, COMMAND_LENGTH - 1)}…`;
}
