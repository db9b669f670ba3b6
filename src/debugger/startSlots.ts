/** The initial limits. Each start means several processes at once, and an exec for the node's runtime. */
const AT_FIRST = { perNode: 4, inAll: 16 } as const;
/** The same for short questions, each of which is an exec. */
const QUESTIONS_AT_FIRST = { perNode: 8, inAll: 16 } as const;
/** The limits grow up to these values while starts are fast. */
const AT_MOST = { perNode: 16, inAll: 48 } as const;
/** A start that takes at most this many milliseconds shows that its node can do more at once. */
const FAST_MS = 2_000;
/** A start that takes longer than this many milliseconds shows that its node is busy: the limits are halved. */
const SLOW_MS = 10_000;

interface Waiting {
  readonly node: string;
  readonly begin: () => void;
}

/** How many starts a node may run at once, and how many it is running. */
interface NodeSlots {
  bound: number;
  taken: number;
}

/**
 * Limits how many starts run at once, on each node and in total: a node that gets all of them at once completes none.
 * Each fast start increases the limits by one. Each slow one halves them, but never below the initial limits.
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
   * Waits for a turn on a node, in the order of the calls. Returns a function that ends the turn; calling it again does
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
   * Runs a task for each item when its node has a free slot. Returns the results in the order of the items. A task can
   * call its second argument to free its slot when its node has done its part.
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

  /** Starts everything that can start: a full node does not delay starts on others. */
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
