import { wrap } from '../output/wrap.ts';

/**
 * A paragraph in lines of at most `width` characters; longer words stand alone. The last line is not a
 * single word if narrower lines, no more of them, avoid that.
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
/** A longer first column has a line of its own. */
const LONGEST_FIRST = 26;

/** How wide the first of two columns is, its indent and the gap included. */
export function firstColumnWidth(firsts: readonly string[]): number {
  const fitting = firsts.map(({ length }) => length).filter((length) => length <= LONGEST_FIRST);
  return INDENT.length + Math.max(0, ...fitting) + GAP;
}

/** Pairs in two columns; the second is wrapped. */
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
