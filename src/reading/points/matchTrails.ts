import type { PacketTraces, Trail } from './packetTraces.ts';

/** The packets of one direction, compared between two points. */
export interface MatchedTrails {
  /** Entries seen only at the first point, and only at the second. */
  readonly missing: readonly number[];
  readonly unseen: readonly number[];
  /** The shortest time from the first point to the second, each by its own clock; infinite without matching packets. */
  readonly shortest: number;
}

/**
 * Finds the packets of `from`, the first point on their way, in `to`. Packets match if only addresses and ports differ.
 * Data that was split or merged on the way (offload) is matched by its position in the connection.
 */
export function matchTrails(traces: PacketTraces, from: Trail, to: Trail): MatchedTrails {
  const exact = matchEqualPackets(traces, [...traces.entries(from)], [...traces.entries(to)], true);
  if (exact.missing.length === 0 || exact.unseen.length === 0) return exact;
  const loose = matchEqualPackets(traces, exact.missing, exact.unseen, false);
  const shortest = Math.min(exact.shortest, loose.shortest);
  if (loose.missing.length === 0 || loose.unseen.length === 0) return { ...loose, shortest };
  return { ...matchByPosition(traces, loose.missing, loose.unseen), shortest };
}

function matchEqualPackets(
  traces: PacketTraces,
  from: readonly number[],
  to: readonly number[],
  withIpId: boolean,
): MatchedTrails {
  const groups = new EqualPackets(traces, from.length + to.length, withIpId);
  for (const entry of from) groups.addSent(entry);
  for (const entry of to) groups.addArrived(entry);
  return {
    missing: from.filter((entry) => groups.isMissing(entry)),
    unseen: to.filter((entry) => groups.isUnseen(entry)),
    shortest: groups.shortest,
  };
}

/** Counts packets that look the same at both points. Uses arrays of numbers, because there may be a million packets. */
class EqualPackets {
  /** Only for packets that occur exactly once at each point. */
  shortest = Number.POSITIVE_INFINITY;
  readonly #traces: PacketTraces;
  readonly #withIpId: boolean;
  readonly #mask: number;
  /**
   * A hash table of groups. For each group: the first entry, the numbers of sent and arrived packets, and how many of
   * each have been queried.
   */
  readonly #table: Int32Array;
  readonly #firsts: Int32Array;
  readonly #sent: Int32Array;
  readonly #arrived: Int32Array;
  readonly #checkedSent: Int32Array;
  readonly #checkedArrived: Int32Array;
  #groups = 0;

  constructor(traces: PacketTraces, entries: number, withIpId: boolean) {
    this.#traces = traces;
    this.#withIpId = withIpId;
    const places = 2 ** Math.ceil(Math.log2(2 * entries + 2));
    this.#mask = places - 1;
    this.#table = new Int32Array(places);
    this.#firsts = new Int32Array(entries);
    this.#sent = new Int32Array(entries);
    this.#arrived = new Int32Array(entries);
    this.#checkedSent = new Int32Array(entries);
    this.#checkedArrived = new Int32Array(entries);
  }

  addSent(entry: number): void {
    count(this.#sent, this.#groupOf(entry));
  }

  addArrived(entry: number): void {
    const group = this.#groupOf(entry);
    count(this.#arrived, group);
    if (this.#sent[group] !== 1 || this.#arrived[group] !== 1) return;
    const time = this.#traces.time(entry) - this.#traces.time(this.#firsts[group] as number);
    if (time < this.shortest) this.shortest = time;
  }

  /**
   * Must be called once for each sent entry, in order. A packet is repeated because it did not arrive before, so the
   * last ones are the ones that arrived.
   */
  isMissing(entry: number): boolean {
    const group = this.#groupOf(entry);
    const lostCount = (this.#sent[group] as number) - (this.#arrived[group] as number);
    return count(this.#checkedSent, group) < lostCount;
  }

  /** Must be called once for each arrived entry, in order. */
  isUnseen(entry: number): boolean {
    const group = this.#groupOf(entry);
    return count(this.#checkedArrived, group) >= (this.#sent[group] as number);
  }

  #groupOf(entry: number): number {
    const traces = this.#traces;
    const mask = this.#mask;
    let slot = traces.hash(entry, this.#withIpId) & mask;
    for (; ; slot = (slot + 1) & mask) {
      const group = (this.#table[slot] as number) - 1;
      if (group < 0) break;
      if (traces.isEqual(this.#firsts[group] as number, entry, this.#withIpId)) return group;
    }
    const group = this.#groups;
    this.#groups += 1;
    this.#firsts[group] = entry;
    this.#table[slot] = group + 1;
    return group;
  }
}

/** Increments a count and returns the previous value. */
function count(counts: Int32Array, group: number): number {
  const before = counts[group] as number;
  counts[group] = before + 1;
  return before;
}

/** The range of data in its direction. Sequence numbers continue beyond 2^32. */
interface Span {
  readonly entry: number;
  readonly from: number;
  readonly to: number;
}

/** Compares data by its position. Bytes that arrived as often as they were sent are not missing. */
function matchByPosition(
  traces: PacketTraces,
  from: readonly number[],
  to: readonly number[],
): Omit<MatchedTrails, 'shortest'> {
  const base = traces.position(from[0] as number);
  const sentSpans = spans(traces, from, base);
  const arrivedSpans = spans(traces, to, base);
  const bounds = [
    ...new Set([...sentSpans, ...arrivedSpans].flatMap((span) => [span.from, span.to])),
  ];
  bounds.sort((a, b) => a - b);
  const lostEntries = new Set<number>();
  const surplusEntries = new Set<number>();
  const sweep = { sent: new SpanSweep(sentSpans), arrived: new SpanSweep(arrivedSpans) };
  for (const position of bounds) {
    const sentHere = sweep.sent.covering(position);
    const arrivedHere = sweep.arrived.covering(position);
    const difference = sentHere.length - arrivedHere.length;
    for (const { entry } of sentHere.slice(0, Math.max(0, difference))) lostEntries.add(entry);
    for (const { entry } of arrivedHere.slice(0, Math.max(0, -difference)))
      surplusEntries.add(entry);
  }
  const hasNoData = (entry: number) => traces.length(entry) === 0;
  return {
    missing: from.filter((entry) => hasNoData(entry) || lostEntries.has(entry)),
    unseen: to.filter((entry) => hasNoData(entry) || surplusEntries.has(entry)),
  };
}

function spans(traces: PacketTraces, entries: readonly number[], base: number): Span[] {
  let last = base;
  let offset = 0;
  const dataSpans: Span[] = [];
  for (const entry of entries) {
    const position = traces.position(entry);
    offset += (position - last) | 0;
    last = position;
    const length = traces.length(entry);
    if (length > 0) dataSpans.push({ entry, from: offset, to: offset + length });
  }
  return dataSpans;
}

/** The spans that cover a position that only moves forward. */
class SpanSweep {
  readonly #spans: readonly Span[];
  #next = 0;
  #covering: Span[] = [];

  constructor(spans: readonly Span[]) {
    this.#spans = [...spans].sort((a, b) => a.from - b.from);
  }

  /** The spans that cover the byte at `place`, in the order of their times. */
  covering(position: number): readonly Span[] {
    this.#covering = this.#covering.filter((span) => span.to > position);
    for (let span = this.#spans[this.#next]; span && span.from <= position; ) {
      if (span.to > position) this.#covering.push(span);
      this.#next += 1;
      span = this.#spans[this.#next];
    }
    return this.#covering.sort((a, b) => a.entry - b.entry);
  }
}
