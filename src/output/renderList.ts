import { renderDocument } from './renderDocument.ts';
import { type Column, renderTable } from './table.ts';

/** The formats of a list; `wide` is a table with more columns. */
export type ListFormat = 'table' | 'wide' | 'json' | 'yaml' | 'name';

/**
 * A list in the requested format, in pieces that are printed one after another: to programs all that is
 * known of each, to people a table.
 */
export function renderList<Facts>(
  facts: readonly Facts[],
  format: ListFormat,
  nameOf: (facts: Facts) => string,
  columns: (wide: boolean) => readonly Column<Facts>[],
): Iterable<string> {
  switch (format) {
    case 'json':
    case 'yaml':
      return [renderDocument(facts, format)];
    case 'name':
      return facts.map((one) => `${nameOf(one)}\n`);
    default:
      return renderTable(columns(format === 'wide'), facts);
  }
}

/** A column in which what is not known is a dash. */
export function optionalColumn<Facts>(
  header: string,
  cell: (facts: Facts) => string | number | undefined,
): Column<Facts> {
  return { header, cell: (facts) => cell(facts) ?? '-' };
}
