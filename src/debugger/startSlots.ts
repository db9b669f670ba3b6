/** Each start is a handful of processes at once, and an exec that the node's runtime has to serve. */
const AT_FIRST = { perNode: 4, inAll: 16 } as const;
/** The same for short questions, which are an exec each. */
const QUESTIONS_AT_FIRST = { perNode: 8, inAll: 16 } as const;
/** Bounds grow to these while starts are fast. */
const AT_MOST = { perNode: 16, inAll: 48 } as const;
/** A start of this many milliseconds at most shows that its node can do more at once. */
const FAST_MS = 2_000;
/** One that takes longer shows that the node has enough to do: its bound is halved. */
const SLOW_MS = 10_000;

interface Waiting {
  readonly node: string;
  readonly begin: () => void;
}

/** How much may be started on a node at once, and how much is. */
interface NodeSlots {
  bound: number;
  taken: number;
}

/**
 * Bounds how much is started at once, on each node and in all: a node that gets all of it at once gets none of it
 * done. The bounds grow by one with every fast start, and are halved by a slow one.
 */
export class StartSlots {
  readonly #first: { readonly perNode: number; readonly inAll: number };
  readonly #nodes = new Map<string, NodeSlots>();
  #bound: number;
  #all = 0;
  readonly #waiting: Waiting[] = [];
  readonly #now: () => number;

  constructor(
    perNode: number = AT_FIRST.perNode,
    inAll: number = AT_FIRST.inAll,
    now = () => performance.now(),
  ) {
    this.#first = { perNode, inAll };
    this.#bound = inAll;
    this.#now = now;
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
    const begun = this.#now();
    let ended = false;
    return () => {
      if (ended) return;
      ended = true;
      this.#all -= 1;
      this.#of(node).taken -= 1;
      this.#learn(this.#of(node), this.#now() - begun);
      this.#beginNext();
    };
  }

  /** Slots for short questions. */
  static forQuestions(): StartSlots {
    return new StartSlots(QUESTIONS_AT_FIRST.perNode, QUESTIONS_AT_FIRST.inAll);
  }

  /**
   * Runs a task for each item, in turns on their nodes. Gives the results in the order of the items. A task that goes on
   * when its node has done its part says so by its second argument.
   */
  async map<Item, Result>(
    items: readonly Item[],
    nodeOf: (item: Item) => string,
    task: (item: Item, isDone: () => void) => Promise<Result>,
    signal?: AbortSignal,
  ): Promise<Result[]> {
    return Promise.all(
      items.map(async (item) => {
        const end = await this.take(nodeOf(item), signal);
        try {
          return await task(item, end);
        } finally {
          end();
        }
      }),
    );
  }

  #learn(node: NodeSlots, milliseconds: number): void {
    if (milliseconds <= FAST_MS) {
      node.bound = Math.min(node.bound + 1, Math.max(AT_MOST.perNode, this.#first.perNode));
      this.#bound = Math.min(this.#bound + 1, Math.max(AT_MOST.inAll, this.#first.inAll));
    } else if (milliseconds > SLOW_MS) {
      node.bound = Math.max(Math.floor(node.bound / 2), this.#first.perNode);
      this.#bound = Math.max(Math.floor(this.#bound / 2), this.#first.inAll);
    }
  }

  /** Every start that can begin does; a full node does not delay starts on others. */
  #beginNext(): void {
    for (const waiting of [...this.#waiting]) {
      if (this.#all >= this.#bound) return;
      const node = this.#of(waiting.node);
      if (node.taken >= node.bound) continue;
      this.#waiting.splice(this.#waiting.indexOf(waiting), 1);
      this.#all += 1;
      node.taken += 1;
      waiting.begin();
    }
  }

  #of(node: string): NodeSlots {
    const known = this.#nodes.get(node) ?? { bound: this.#first.perNode, taken: 0 };
    this.#nodes.set(node, known);
    return known;
  }
}
