/**
 * Values that occur again and again, each kept once and known by a small number. The keys are
 * copied: one that is a slice of what a tool printed would keep all of that in memory.
 */
export class Interned<Value> {
  readonly #ids = new Map<string, number>();
  readonly #values: Value[] = [];

  /** The number of the value with this key, made by `create` (given the copied key) the first time. */
  idOf(key: string, create: (key: string) => Value): number {
    const known = this.#ids.get(key);
    if (known !== undefined) {
      return known;
    }
    const own = Buffer.from(key).toString();
    const id = this.#values.push(create(own)) - 1;
    this.#ids.set(own, id);
    return id;
  }

  /** The value with a number that `idOf` gave. */
  valueOf(id: number): Value {
    const value = this.#values[id];
    if (value === undefined) {
      throw new RangeError(`no value has the number ${id}`);
    }
    return value;
  }

  /** By number, the place of each value when they are sorted; the same place for equal ones. */
  ranks(compare: (a: Value, b: Value) => number): Uint32Array {
    const sorted = this.#values.map((value, id) => ({ value, id }));
    sorted.sort((a, b) => compare(a.value, b.value));
    const ranks = new Uint32Array(sorted.length);
    let rank = 0;
    for (const [place, { value, id }] of sorted.entries()) {
      const before = sorted[place - 1];
      rank = before !== undefined && compare(before.value, value) === 0 ? rank : place;
      ranks[id] = rank;
    }
    return ranks;
  }
}
