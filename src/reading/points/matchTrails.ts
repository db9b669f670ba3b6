import type { PacketTraces, Trail } from './packetTraces.ts';

/** What became of the packets of one direction on their way from one point to another. */
export interface MatchedTrails {
  /** Entries that were seen at the first point only, and at the second only. */
  readonly missing: readonly number[];
  readonly unseen: readonly number[];
  /** The shortest time from the first point to the second, by their own clocks; infinite without a pair. */
  readonly shortest: number;
}

/**
 * Finds the packets of `from`, where they came by first, again in `to`. Packets are equal when nothing
 * but addresses and ports differs; data that was cut or joined on the way (offload) is found by its place
 * in the connection.
 */
export function matchTrails(traces: PacketTraces, from: Trail, to: Trail): MatchedTrails {
  const exact = pair(traces, [...traces.entries(from)], [...traces.entries(to)], true);
  if (exact.missing.length === 0 || exact.unseen.length === 0) return exact;
  const loose = pair(traces, exact.missing, exact.unseen, false);
  const shortest = Math.min(exact.shortest, loose.shortest);
  if (loose.missing.length === 0 || loose.unseen.length === 0) return { ...loose, shortest };
  return { ...byPlace(traces, loose.missing, loose.unseen), shortest };
}

function pair(
  traces: PacketTraces,
  from: readonly number[],
  to: readonly number[],
  withIpId: boolean,
): MatchedTrails {
  const sent = byIdentity(traces, from, withIpId);
  const arrived = byIdentity(traces, to, withIpId);
  const missing: number[] = [];
  const unseen: number[] = [];
  let shortest = Number.POSITIVE_INFINITY;
  for (const [identity, entries] of sent) {
    const found = arrived.get(identity) ?? [];
    arrived.delete(identity);
    // What comes again is what did not arrive before: the last ones are those that came through.
    const lost = Math.max(0, entries.length - found.length);
    missing.push(...entries.slice(0, lost));
    unseen.push(...found.slice(entries.length));
    if (entries.length === found.length)
      for (const [index, entry] of entries.entries())
        shortest = Math.min(shortest, traces.time(found[index] as number) - traces.time(entry));
  }
  for (const entries of arrived.values()) unseen.push(...entries);
  const inOrder = (entries: number[]) => entries.sort((a, b) => a - b);
  return { missing: inOrder(missing), unseen: inOrder(unseen), shortest };
}

function byIdentity(
  traces: PacketTraces,
  entries: readonly number[],
  withIpId: boolean,
): Map<string, number[]> {
  const found = new Map<string, number[]>();
  for (const entry of entries) {
    const identity = traces.identity(entry, withIpId);
    const same = found.get(identity);
    if (same) same.push(entry);
    else found.set(identity, [entry]);
  }
  return found;
}

/** The place of data in its direction: sequence numbers counted on beyond 2^32. */
interface Span {
  readonly entry: number;
  readonly from: number;
  readonly to: number;
}

/** Takes data for arrived that covers the same bytes as often. */
function byPlace(
  traces: PacketTraces,
  from: readonly number[],
  to: readonly number[],
): Omit<MatchedTrails, 'shortest'> {
  const base = traces.position(from[0] as number);
  const sent = spans(traces, from, base);
  const arrived = spans(traces, to, base);
  const bounds = [...new Set([...sent, ...arrived].flatMap((span) => [span.from, span.to]))];
  bounds.sort((a, b) => a - b);
  const lost = new Set<number>();
  const needless = new Set<number>();
  const sweep = { sent: new Sweep(sent), arrived: new Sweep(arrived) };
  for (const at of bounds) {
    const going = sweep.sent.at(at);
    const coming = sweep.arrived.at(at);
    const difference = going.length - coming.length;
    for (const { entry } of going.slice(0, Math.max(0, difference))) lost.add(entry);
    for (const { entry } of coming.slice(0, Math.max(0, -difference))) needless.add(entry);
  }
  const bare = (entry: number) => traces.length(entry) === 0;
  return {
    missing: from.filter((entry) => bare(entry) || lost.has(entry)),
    unseen: to.filter((entry) => bare(entry) || needless.has(entry)),
  };
}

function spans(traces: PacketTraces, entries: readonly number[], base: number): Span[] {
  let last = base;
  let place = 0;
  const found: Span[] = [];
  for (const entry of entries) {
    const position = traces.position(entry);
    place += (position - last) | 0;
    last = position;
    const length = traces.length(entry);
    if (length > 0) found.push({ entry, from: place, to: place + length });
  }
  return found;
}

/** Which spans lie over a place that moves on. */
class Sweep {
  readonly #spans: readonly Span[];
  #next = 0;
  #over: Span[] = [];

  constructor(spans: readonly Span[]) {
    this.#spans = [...spans].sort((a, b) => a.from - b.from);
  }

  /** Those that cover the byte at `place`, in the order of their times. */
  at(place: number): readonly Span[] {
    this.#over = this.#over.filter((span) => span.to > place);
    for (let span = this.#spans[this.#next]; span && span.from <= place; ) {
      if (span.to > place) this.#over.push(span);
      this.#next += 1;
      span = this.#spans[this.#next];
    }
    return this.#over.sort((a, b) => a.entry - b.entry);
  }
}
