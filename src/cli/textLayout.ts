import { wrap } from '../output/wrap.ts';

/**
 * Wraps a paragraph to lines of at most `width` characters. A longer word gets a line of its own. Avoids a last line
 * with a single word, if narrower lines can do that without adding a line.
 */
export function wrapParagraph(text: string, width: number): string[] {
  const lines = wrap(text, width);
  for (let narrower = width; narrower > width / 2; narrower -= 1) {
    const narrowerLines = wrap(text, narrower);
    if (narrowerLines.length > lines.length) break;
    if (narrowerLines.length === 1 || narrowerLines.at(-1)?.includes(' ')) return narrowerLines;
  }
  return lines;
}

const INDENT = '  ';
const GAP = 3;
/** A longer first column gets a line of its own. */
const MAX_FIRST_WIDTH = 26;

/** The width of the first of two columns, including its indent and the gap. */
export function firstColumnWidth(texts: readonly string[]): number {
  const widths = texts.map(({ length }) => length).filter((length) => length <= MAX_FIRST_WIDTH);
  return INDENT.length + Math.max(0, ...widths) + GAP;
}

/** Pairs in two columns. The second column is wrapped. */
export function twoColumns(
  pairs: readonly (readonly [first: string, second: string])[],
  { first, width }: { readonly first: number; readonly width: number },
): string[] {
  return pairs.flatMap(([left, right]) => {
    const lines = wrapParagraph(right, width - first).map((line) => ' '.repeat(first) + line);
    const [line = '', ...others] = lines;
    const start = INDENT + left;
    return start.length + GAP > first
      ? [start, ...lines]
      : [start.padEnd(first) + line.trimStart(), ...others];
  });
}
