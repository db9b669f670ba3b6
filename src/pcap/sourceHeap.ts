/** What a heap needs from a source: the time of its next packet, and an index to order equal times. */
interface Headed {
  readonly seconds: number;
  readonly nanoseconds: number;
  readonly index: number;
}

/** A binary heap of sources by the time of their next packets, the oldest first. */
export class SourceHeap<T extends Headed> {
  readonly #items: T[] = [];

  get first(): T | undefined {
    return this.#items[0];
  }

  get all(): readonly T[] {
    return this.#items;
  }

  add(item: T): void {
    const items = this.#items;
    let at = items.length;
    items.push(item);
    while (at > 0) {
      const above = (at - 1) >> 1;
      const parent = items[above] as T;
      if (!isEarlier(item, parent)) break;
      items[at] = parent;
      at = above;
    }
    items[at] = item;
  }

  removeFirst(): void {
    const last = this.#items.pop();
    if (last === undefined || this.#items.length === 0) return;
    this.#items[0] = last;
    this.firstChanged();
  }

  /** Restores the order after the time of the first source changed. */
  firstChanged(): void {
    const items = this.#items;
    const item = items[0] as T;
    let at = 0;
    for (;;) {
      let below = 2 * at + 1;
      if (below >= items.length) break;
      if (below + 1 < items.length && isEarlier(items[below + 1] as T, items[below] as T)) below++;
      const child = items[below] as T;
      if (!isEarlier(child, item)) break;
      items[at] = child;
      at = below;
    }
    items[at] = item;
  }
}

function isEarlier(a: Headed, b: Headed): boolean {
  if (a.seconds !== b.seconds) return a.seconds < b.seconds;
  if (a.nanoseconds !== b.nanoseconds) return a.nanoseconds < b.nanoseconds;
  return a.index < b.index;
}
