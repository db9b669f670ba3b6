import type { DnsLookup } from './dnsFacts.ts';

/** The maximum time for trying all search suffixes of a lookup. Nanoseconds. */
const LOOKUP_NS = 30e9;
/** The maximum time between the questions for both types of a name. */
const SAME_LOOKUP_NS = 1e9;
const MAX_CLIENTS = 2_000;
const MAX_FAILURES = 64;
const MAX_SUFFIXES = 20;
const MAX_PACKETS = 10;

/** Questions and time that the search path of a client's resolver wasted. */
export class SearchWaste {
  readonly client: string;
  /** Names that were first looked up with suffixes. */
  lookups = 0;
  /** All questions for these names, and how many of them were wasted on suffixes. */
  questions = 0;
  wasted = 0;
  /** The time from the first wasted question to the successful one, summed over all lookups. Nanoseconds. */
  delay = 0;
  readonly bySuffix = new Map<string, number>();
  readonly packets: number[] = [];
  firstTime = 0;
  lastTime = 0;
  example = '';
  readonly #failures = new Map<string, DnsLookup>();
  #lastName = '';
  #lastTime = Number.NEGATIVE_INFINITY;

  constructor(client: string) {
    this.client = client;
  }

  add(lookup: DnsLookup, isFound: boolean): void {
    if (this.#failures.size > 0) this.#match(lookup);
    if (isFound) return;
    this.#failures.set(`${lookup.type} ${lookup.name}`, lookup);
    if (this.#failures.size > MAX_FAILURES) {
      const [oldest] = this.#failures.keys();
      if (oldest !== undefined) this.#failures.delete(oldest);
    }
  }

  /** Finds failed questions for this name with a suffix. */
  #match(lookup: DnsLookup): void {
    const beginning = `${lookup.type} ${lookup.name}.`;
    let first = lookup.time;
    let foundAt = 0;
    for (const [key, failure] of this.#failures) {
      if (lookup.time - failure.time > LOOKUP_NS) {
        this.#failures.delete(key);
        continue;
      }
      if (!key.startsWith(beginning)) continue;
      this.#failures.delete(key);
      foundAt += 1;
      first = Math.min(first, failure.time);
      const suffix = key.slice(beginning.length);
      if (this.bySuffix.has(suffix) || this.bySuffix.size < MAX_SUFFIXES)
        this.bySuffix.set(suffix, (this.bySuffix.get(suffix) ?? 0) + 1);
      if (this.packets.length < MAX_PACKETS) this.packets.push(failure.packet);
    }
    if (foundAt === 0) return;
    if (this.lookups === 0) {
      this.firstTime = first;
      this.example = lookup.name;
    }
    this.lastTime = lookup.time;
    const isSame = this.#lastName === lookup.name && lookup.time - this.#lastTime < SAME_LOOKUP_NS;
    if (!isSame) {
      this.lookups += 1;
      this.delay += lookup.time - first;
    }
    this.#lastName = lookup.name;
    this.#lastTime = lookup.time;
    this.questions += foundAt + 1;
    this.wasted += foundAt;
  }
}

/** Finds lookups with failed search suffixes (`ndots` in resolv.conf). */
export class SearchWatch {
  readonly clients = new Map<string, SearchWaste>();

  /** Adds an answered lookup. `isFound`: the answer contains the requested records. */
  add(client: string, lookup: DnsLookup, isFound: boolean): void {
    let waste = this.clients.get(client);
    if (!waste) {
      if (this.clients.size >= MAX_CLIENTS) return;
      waste = new SearchWaste(client);
      this.clients.set(client, waste);
    }
    waste.add(lookup, isFound);
  }
}
