/** Whether the text contains all the words, in any order. */
export function hasAllWords(text: string, words: readonly string[]): boolean {
  return words.every((word) => text.includes(word));
}

/** Splits a search into lowercase words. */
export function searchWords(query: string): string[] {
  return query
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== '');
}

/** Sorts rows by a column's keys. Rows with equal keys keep their order. */
export function sortedRows(
  rows: readonly number[],
  keyOf: (row: number) => number | string,
  isDescending: boolean,
): number[] {
  const keys = new Map(rows.map((row) => [row, keyOf(row)]));
  const sign = isDescending ? -1 : 1;
  return [...rows].sort((a, b) => {
    const [keyA, keyB] = [keys.get(a) ?? 0, keys.get(b) ?? 0];
    return keyA < keyB ? -sign : keyA > keyB ? sign : 0;
  });
}
