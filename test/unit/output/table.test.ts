import { describe, expect, it } from 'vitest';
import { type Column, renderTable } from '../../../src/output/table.ts';

interface Pod {
  name: string;
  restarts: number;
  node: string;
}

const COLUMNS: readonly Column<Pod>[] = [
  { header: 'NAME', cell: (pod) => pod.name },
  { header: 'RESTARTS', cell: (pod) => pod.restarts },
  { header: 'NODE', cell: (pod) => pod.node },
];

function table(rows: readonly Pod[]): string {
  return [...renderTable(COLUMNS, rows)].join('');
}

describe('renderTable', () => {
  it('lays out columns as kubectl does, with nothing cut off and no trailing spaces', () => {
    expect(
      table([
        { name: 'web-6f7c9', restarts: 0, node: 'node-1' },
        { name: 'a', restarts: 12, node: '' },
      ]),
    ).toBe(
      'NAME        RESTARTS   NODE\n' + //
        'web-6f7c9   0          node-1\n' +
        'a           12\n',
    );
  });

  it('prints only the headers without rows', () => {
    expect(table([])).toBe('NAME   RESTARTS   NODE\n');
  });

  it('escapes cells for the terminal', () => {
    expect(table([{ name: '\x1b[2J\n', restarts: 0, node: 'x' }])).toContain('\\x1b[2J\\x0a   0');
  });
});
