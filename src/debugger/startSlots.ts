/** Each start is a handful of processes at once, and an exec that the node's runtime has to serve. */
const PER_NODE = 4;
const IN_ALL = 16;

interface Waiting {
  readonly node: string;
  readonly begin: () => void;
}

/**
 * Bounds how much is started at once, on each node and in all: a node that gets all of it at once gets
 * none of it done.
 */
export class StartSlots {
  readonly #perNode: number;
  readonly #inAll: number;
  readonly #taken = new Map<string, number>();
  #all = 0;
  readonly #waiting: Waiting[] = [];

  constructor(perNode = PER_NODE, inAll = IN_ALL) {
    this.#perNode = perNode;
    this.#inAll = inAll;
  }

  /**
   * Waits for a turn on a node, in the order of asking. Gives what ends the start; called again it does
   * nothing. Rejects with the signal's reason.
   */
  async take(node: string, signal?: AbortSignal): Promise<() => void> {
    signal?.throwIfAborted();
    await new Promise<void>((resolve, reject) => {
      const onAbort = () => {
        this.#waiting.splice(this.#waiting.indexOf(waiting), 1);
        reject(signal?.reason);
      };
      const waiting = {
        node,
        begin: () => {
          signal?.removeEventListener('abort', onAbort);
          resolve();
        },
      };
      this.#waiting.push(waiting);
      signal?.addEventListener('abort', onAbort, { once: true });
      this.#beginNext();
    });
    let ended = false;
    return () => {
      if (ended) return;
      ended = true;
      this.#all -= 1;
      this.#taken.set(node, this.#takenOn(node) - 1);
      this.#beginNext();
    };
  }

  /** Every start that can begin does; a full node does not delay starts on others. */
  #beginNext(): void {
    for (const waiting of [...this.#waiting]) {
      const { node, begin } = waiting;
      if (this.#all >= this.#inAll) return;
      if (this.#takenOn(node) >= this.#perNode) continue;
      this.#waiting.splice(this.#waiting.indexOf(waiting), 1);
      this.#all += 1;
      this.#taken.set(node, this.#takenOn(node) + 1);
      begin();
    }
  }

  #takenOn(node: string): number {
    return this.#taken.get(node) ?? 0;
  }
}
