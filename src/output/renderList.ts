import { renderDocument } from './renderDocument.ts';
import { type Column, renderTable } from './table.ts';

/** The formats of a list. `wide` is a table with more columns. */
export type ListFormat = 'table' | 'wide' | 'json' | 'yaml' | 'name';

/**
 * Renders a list in the requested format, in pieces to print one after another: a table for people, or everything that
 * is known for programs.
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
      return facts.map((fact) => `${nameOf(fact)}\n`);
    default:
      return renderTable(columns(format === 'wide'), facts);
  }
}

/** A column that shows unknown values as a dash. */
export function optionalColumn<Facts>(
  header: string,
  cell: (facts: Facts) => string | number | undefined,
): Column<Facts> {
  return { header, cell: (facts) => cell(facts) ?? '-' };
}
