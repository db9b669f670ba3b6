/** Lists of up to this length are shown completely. */
const MAX_LISTED = 10;
const MAX_SUGGESTIONS = 3;
/** Only the beginning of longer names is compared, because a list may have thousands of names. */
const MAX_COMPARED_CHARACTERS = 100;

/**
 * The names that a user may have meant, for an error: a short list completely, or the three nearest names of a long
 * list and their total number. `what` describes the names and their location, in the plural.
 */
export function candidatesText(what: string, name: string, names: Iterable<string>): string {
  const all = [...new Set(names)];
  if (all.length <= MAX_LISTED) return `${what}: ${all.join(', ') || 'none'}`;
  return `similar names among the ${all.length} ${what}: ${nearest(name, all).join(', ')}`;
}

/** The three names that are most similar to the given one, the best first. */
export function nearest(target: string, names: readonly string[]): string[] {
  return names
    .map((name) => ({
      name,
      // A match at the beginning counts as much as one wrong letter.
      score: name.startsWith(target) ? 1 : editDistance(target, name),
    }))
    .sort((a, other) => a.score - other.score)
    .slice(0, MAX_SUGGESTIONS)
    .map(({ name }) => name);
}

/** The number of letters to change, add or remove to get from one word to the other (Levenshtein). */
export function editDistance(a: string, b: string): number {
  const [from, to] = [a.slice(0, MAX_COMPARED_CHARACTERS), b.slice(0, MAX_COMPARED_CHARACTERS)];
  let row = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (let at = 1; at <= from.length; at++) {
    const next = [at];
    for (let index = 1; index <= to.length; index++) {
      const substitution = (row[index - 1] ?? 0) + (from[at - 1] === to[index - 1] ? 0 : 1);
      next.push(Math.min(substitution, (row[index] ?? 0) + 1, (next[index - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[to.length] ?? 0;
}
