import { wrap } from '../output/wrap.ts';

/**
 * Wraps a paragraph to lines of at most `width` characters. A longer word gets a line of its own. Avoids a last line
 * with a single word, if narrower lines can do that without adding a line.
 */
export function wrapped(text: string, width: number): string[] {
  const lines = wrap(text, width);
  for (let narrower = width; narrower > width / 2; narrower -= 1) {
    const other = wrap(text, narrower);
    if (other.length > lines.length) break;
    if (other.length === 1 || other.at(-1)?.includes(' ')) return other;
  }
  return lines;
}

const INDENT = '  ';
const GAP = 3;
/** A longer first column gets a line of its own. */
const LONGEST_FIRST = 26;

/** The width of the first of two columns, including its indent and the gap. */
export function firstColumnWidth(firsts: readonly string[]): number {
  const fitting = firsts.map(({ length }) => length).filter((length) => length <= LONGEST_FIRST);
  return INDENT.length + Math.max(0, ...fitting) + GAP;
}

/** Pairs in two columns. The second column is wrapped. */
export function twoColumns(
  pairs: readonly (readonly [first: string, second: string])[],
  { first, width }: { readonly first: number; readonly width: number },
): string[] {
  return pairs.flatMap(([left, right]) => {
    const lines = wrapped(right, width - first).map((line) => ' '.repeat(first) + line);
    const [line = '', ...others] = lines;
    const start = INDENT + left;
    return start.length + GAP > first
      ? [start, ...lines]
      : [start.padEnd(first) + line.trimStart(), ...others];
  });
}
