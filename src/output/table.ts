import { terminalSafe } from './terminalSafe.ts';

/** One column of a table: what stands above it, and what it says about a row. */
export interface Column<Row> {
  readonly header: string;
  readonly cell: (row: Row) => string | number;
}

const GAP = 3;

/**
 * A table as kubectl prints it: three spaces between columns, nothing cut off, no trailing
 * spaces. Gives one line at a time, line feed included, so that a long table is never one string;
 * cells are made safe for a terminal here.
 *
 * The rows are gone through twice, to measure and to print: cheaper than keeping the cells.
 */
export function* renderTable<Row>(
  columns: readonly Column<Row>[],
  rows: Iterable<Row>,
): Generator<string> {
  const widths = columns.map((column) => column.header.length);
  for (const row of rows) {
    for (const [index, column] of columns.entries()) {
      widths[index] = Math.max(widths[index] ?? 0, cellText(column, row).length);
    }
  }
  yield tableLine(
    columns.map((column) => column.header),
    widths,
  );
  for (const row of rows) {
    yield tableLine(
      columns.map((column) => cellText(column, row)),
      widths,
    );
  }
}

function cellText<Row>(column: Column<Row>, row: Row): string {
  const cell = column.cell(row);
  return typeof cell === 'number' ? `${cell}` : terminalSafe(cell);
}

function tableLine(cells: readonly string[], widths: readonly number[]): string {
  let line = '';
  for (const [index, cell] of cells.entries()) {
    line += cell.padEnd((widths[index] ?? 0) + GAP);
  }
  return `${line.trimEnd()}\n`;
}
