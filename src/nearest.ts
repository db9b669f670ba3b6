/** Lists of names up to this length are shown whole. */
const SHOWN_WHOLE = 10;
const SHOWN = 3;
/** Of longer names only the beginning is compared: a list may have thousands. */
const COMPARED = 100;

/**
 * The names that a user may have meant, for an error: all of a short list, of a long one the three nearest
 * and how many there are. `what` is what they are, in the plural, with where they are.
 */
export function candidatesText(what: string, wanted: string, names: Iterable<string>): string {
  const all = [...new Set(names)];
  if (all.length <= SHOWN_WHOLE) return `${what}: ${all.join(', ') || 'none'}`;
  return `similar names among the ${all.length} ${what}: ${nearest(wanted, all).join(', ')}`;
}

/** The three names that are most like the one that was given, the best first. */
export function nearest(wanted: string, names: readonly string[]): string[] {
  return names
    .map((name) => ({
      name,
      // The beginning of a name is as good as a word with one wrong letter.
      score: name.startsWith(wanted) ? 1 : distance(wanted, name),
    }))
    .sort((one, other) => one.score - other.score)
    .slice(0, SHOWN)
    .map(({ name }) => name);
}

/** How many letters must change, come or go (Levenshtein) to make one word of another. */
export function distance(one: string, other: string): number {
  const [from, to] = [one.slice(0, COMPARED), other.slice(0, COMPARED)];
  let row = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (let at = 1; at <= from.length; at++) {
    const next = [at];
    for (let index = 1; index <= to.length; index++) {
      const replaced = (row[index - 1] ?? 0) + (from[at - 1] === to[index - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[index] ?? 0) + 1, (next[index - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[to.length] ?? 0;
}
