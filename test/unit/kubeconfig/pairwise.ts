/** A dimension of the cases and its values. */
export type Dimensions = Readonly<Record<string, readonly string[]>>;

/**
 * Cases in which every two values of different dimensions meet at least once. Each case has the values with the most
 * new pairs (a greedy covering array, always the same).
 */
export function pairwise<D extends Dimensions>(dimensions: D): { [name in keyof D]: string }[] {
  const names = Object.keys(dimensions);
  const missing = new Set<string>();
  for (const [i, a] of names.entries())
    for (const b of names.slice(i + 1))
      for (const value of dimensions[a] ?? [])
        for (const other of dimensions[b] ?? []) missing.add(pair(a, value, b, other));
  const cases: Record<string, string>[] = [];
  while (missing.size > 0) {
    const [a = '', one = '', b = '', other = ''] = [...missing][0]?.split('\0') ?? [];
    const chosen: Record<string, string> = { [a]: one, [b]: other };
    for (const name of names)
      chosen[name] ??= bestValue(name, dimensions[name] ?? [], chosen, missing);
    for (const [i, a] of names.entries())
      for (const b of names.slice(i + 1)) missing.delete(pair(a, chosen[a], b, chosen[b]));
    cases.push(chosen);
  }
  return cases as { [name in keyof D]: string }[];
}

function bestValue(
  name: string,
  values: readonly string[],
  chosen: Readonly<Record<string, string>>,
  missing: ReadonlySet<string>,
): string {
  const gain = (value: string) =>
    Object.entries(chosen).filter(
      ([other, theirs]) =>
        missing.has(pair(name, value, other, theirs)) ||
        missing.has(pair(other, theirs, name, value)),
    ).length;
  return values.reduce((best, value) => (gain(value) > gain(best) ? value : best));
}

function pair(...parts: (string | undefined)[]): string {
  return parts.join('\0');
}
