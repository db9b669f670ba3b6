/**
 * Keeps each of many repeated values once, identified by a small number. Keys are copied, because a key that is a slice
 * of a tool's output would keep all of that output in memory.
 */
export class Interned<Value> {
  readonly #ids = new Map<string, number>();
  readonly #values: Value[] = [];

  /**
   * The number of the value with this key. At the first use of a key, `create` creates the value from the copied key.
   */
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

  /** The value with a number that `idOf` returned. */
  valueOf(id: number): Value {
    const value = this.#values[id];
    if (value === undefined) {
      throw new RangeError(`no value has the number ${id}`);
    }
    return value;
  }

  /** By number: the rank of each value when sorted. Equal values have the same rank. */
  ranks(compare: (a: Value, b: Value) => number): Uint32Array {
    const sorted = this.#values.map((value, id) => ({ value, id }));
    sorted.sort((a, b) => compare(a.value, b.value));
    const ranks = new Uint32Array(sorted.length);
    let rank = 0;
    for (const [position, { value, id }] of sorted.entries()) {
      const before = sorted[position - 1];
      rank = before !== undefined && compare(before.value, value) === 0 ? rank : position;
      ranks[id] = rank;
    }
    return ranks;
  }
}
