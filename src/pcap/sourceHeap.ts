/** What a heap needs from a source: the time of its next packet, and an index to order equal times. */
interface HeapItem {
  readonly seconds: number;
  readonly nanoseconds: number;
  readonly index: number;
}

/** A binary heap of sources by the time of their next packets, the oldest first. */
export class SourceHeap<T extends HeapItem> {
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
      const parentIndex = (at - 1) >> 1;
      const parent = items[parentIndex] as T;
      if (!isEarlier(item, parent)) break;
      items[at] = parent;
      at = parentIndex;
    }
    items[at] = item;
  }

  removeFirst(): void {
    const last = this.#items.pop();
    if (last === undefined || this.#items.length === 0) return;
    this.#items[0] = last;
    this.siftFirstDown();
  }

  /** Restores the order after the time of the first source changed. */
  siftFirstDown(): void {
    const items = this.#items;
    const item = items[0] as T;
    let at = 0;
    for (;;) {
      let childIndex = 2 * at + 1;
      if (childIndex >= items.length) break;
      if (
        childIndex + 1 < items.length &&
        isEarlier(items[childIndex + 1] as T, items[childIndex] as T)
      )
        childIndex++;
      const child = items[childIndex] as T;
      if (!isEarlier(child, item)) break;
      items[at] = child;
      at = childIndex;
    }
    items[at] = item;
  }
}

function isEarlier(a: HeapItem, b: HeapItem): boolean {
  if (a.seconds !== b.seconds) return a.seconds < b.seconds;
  if (a.nanoseconds !== b.nanoseconds) return a.nanoseconds < b.nanoseconds;
  return a.index < b.index;
}
