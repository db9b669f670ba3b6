/** True when the text has all the words, wherever. */
export function hasAllWords(text: string, words: readonly string[]): boolean {
  return words.every((word) => text.includes(word));
}

/** The words of a search. */
export function searchWords(query: string): string[] {
  return query
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== '');
}

/** Rows in the order of a column's keys, equal ones as before. */
export function sortedRows(
  rows: readonly number[],
  keyOf: (row: number) => number | string,
  isDescending: boolean,
): number[] {
  const keys = new Map(rows.map((row) => [row, keyOf(row)]));
  const sign = isDescending ? -1 : 1;
  return [...rows].sort((a, b) => {
    const [one, other] = [keys.get(a) ?? 0, keys.get(b) ?? 0];
    return one < other ? -sign : one > other ? sign : 0;
  });
}
