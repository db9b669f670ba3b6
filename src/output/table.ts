import { terminalSafe } from './terminalSafe.ts';

/** A column of a table: its header and its cells. */
export interface Column<Row> {
  readonly header: string;
  readonly cell: (row: Row) => string | number;
}

const GAP = 3;

/**
 * Renders a table as kubectl does: three spaces between columns, no truncation, no trailing spaces. Yields one line at
 * a time, including the line feed, so that a long table never becomes one string. Makes cells safe for a terminal.
 *
 * Iterates over the rows twice, to measure and to print, which is cheaper than keeping the cells.
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
