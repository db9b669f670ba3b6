/** The initial limits. Each start means several processes at once, and an exec for the node's runtime. */
const INITIAL_LIMITS = { perNode: 4, total: 16 } as const;
/** The same for short questions, each of which is an exec. */
const INITIAL_QUERY_LIMITS = { perNode: 8, total: 16 } as const;
/** The limits grow up to these values while starts are fast. */
const MAX_LIMITS = { perNode: 16, total: 48 } as const;
/** A start that takes at most this many milliseconds shows that its node can do more at once. */
const FAST_MS = 2_000;
/** So does one that takes at most this many times as long as the fastest start on the node: more at once cost little. */
const FAST_RATIO = 2;
/** A start that takes longer than this many milliseconds shows that its node is busy: the limits are halved. */
const SLOW_MS = 10_000;

interface Waiting {
  readonly node: string;
  readonly start: () => void;
}

/** How many starts a node may run at once, and how many it is running. */
interface NodeSlots {
  limit: number;
  running: number;
  /** Milliseconds that the fastest start took. */
  fastest: number;
}

/**
 * Limits how many starts run at once, on each node and in total: a node that gets all of them at once completes none.
 * Each fast start increases the limits by one. Each slow one halves them, but never below the initial limits.
 */
export class StartSlots {
  readonly #initial: { readonly perNode: number; readonly total: number };
  readonly #nodes = new Map<string, NodeSlots>();
  #limit: number;
  #running = 0;
  readonly #waiting: Waiting[] = [];
  readonly #now: () => number;

  constructor(
    perNode: number = INITIAL_LIMITS.perNode,
    total: number = INITIAL_LIMITS.total,
    now = () => performance.now(),
  ) {
    this.#initial = { perNode, total };
    this.#limit = total;
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
        start: () => {
          signal?.removeEventListener('abort', onAbort);
          resolve();
        },
      };
      this.#waiting.push(waiting);
      signal?.addEventListener('abort', onAbort, { once: true });
      this.#startNext();
    });
    const startedAt = this.#now();
    let ended = false;
    return () => {
      if (ended) return;
      ended = true;
      this.#running -= 1;
      this.#slotsOf(node).running -= 1;
      this.#adjustLimits(this.#slotsOf(node), this.#now() - startedAt);
      this.#startNext();
    };
  }

  /** Slots for short questions. */
  static forQueries(): StartSlots {
    return new StartSlots(INITIAL_QUERY_LIMITS.perNode, INITIAL_QUERY_LIMITS.total);
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

  #adjustLimits(node: NodeSlots, milliseconds: number): void {
    node.fastest = Math.min(node.fastest, milliseconds);
    const fast = Math.min(SLOW_MS, Math.max(FAST_MS, FAST_RATIO * node.fastest));
    if (milliseconds <= fast) {
      node.limit = Math.min(node.limit + 1, Math.max(MAX_LIMITS.perNode, this.#initial.perNode));
      this.#limit = Math.min(this.#limit + 1, Math.max(MAX_LIMITS.total, this.#initial.total));
    } else if (milliseconds > SLOW_MS) {
      node.limit = Math.max(Math.floor(node.limit / 2), this.#initial.perNode);
      this.#limit = Math.max(Math.floor(this.#limit / 2), this.#initial.total);
    }
  }

  /** Starts everything that can start: a full node does not delay starts on others. */
  #startNext(): void {
    for (const waiting of [...this.#waiting]) {
      if (this.#running >= this.#limit) return;
      const node = this.#slotsOf(waiting.node);
      if (node.running >= node.limit) continue;
      this.#waiting.splice(this.#waiting.indexOf(waiting), 1);
      this.#running += 1;
      node.running += 1;
      waiting.start();
    }
  }

  #slotsOf(node: string): NodeSlots {
    const known = this.#nodes.get(node) ?? {
      limit: this.#initial.perNode,
      running: 0,
      fastest: Number.POSITIVE_INFINITY,
    };
    this.#nodes.set(node, known);
    return known;
  }
}
