import type { CaptureInterface } from '../captureInterface.ts';
import { Note } from '../notes.ts';
import { type JoinedViews, joinViews } from './joiner.ts';
import { type MatchedTrails, matchTrails } from './matchTrails.ts';
import type { PacketTraces, Trail } from './packetTraces.ts';
import type {
  ClockOffset,
  DirectionComparison,
  JoinedConnection,
  PointComparison,
} from './pointComparison.ts';
import { isRouted, isSameEnd, isSamePlace, type PointView } from './pointView.ts';

const MAX_CONNECTIONS = 1_000;
const MAX_LOSING = 3;
/** The number of conversations remembered to find the consequences of a loss. */
const MAX_LOSING_NUMBERS = 5_000;
/** Packets sent less than this before the end of a point's recording may have arrived after it. Nanoseconds. */
const MAX_TRANSIT_NS = 10e6;
/** The maximum time between the ends of recorders that are stopped together. Nanoseconds. */
const END_SKEW_NS = 1e9;

/** One direction of a connection between two points: from the point that packets pass first to the next one. */
interface Leg {
  readonly view: PointView;
  readonly trail: Trail;
  readonly source: CaptureInterface;
  readonly target: CaptureInterface;
  readonly matched: MatchedTrails;
}

/**
 * Called for each lost packet: the conversation at the point that saw it, the two points between which it was lost, its
 * number and its time.
 */
export type OnLost = (
  view: PointView,
  from: CaptureInterface,
  to: CaptureInterface,
  packet: number,
  time: number,
) => void;

/** Compares what several points saw. `views`: all their conversations. */
export function comparePoints(
  views: readonly PointView[],
  interfaces: readonly CaptureInterface[],
  traces: PacketTraces,
  onLost?: OnLost,
): PointComparison[] {
  const pairs = new Map<string, PointPair>();
  const compared = views.filter(isRouted);
  const joined = joinViews(compared, traces);
  for (const connection of joined) addConnection(connection, pairs, interfaces, traces);
  const joinedSerials = new Set(joined.flat().map(({ serial }) => serial));
  const silent = compared.filter((view) => !joinedSerials.has(view.serial) && !view.isAnswered);
  return [...pairs.values()].map((pair) => {
    for (const view of silent) pair.addSilent(view, traces);
    return pair.finish(traces, onLost);
  });
}

function addConnection(
  connection: JoinedViews,
  pairs: Map<string, PointPair>,
  interfaces: readonly CaptureInterface[],
  traces: PacketTraces,
): void {
  for (const [index, far] of connection.entries()) {
    const near = connection[index - 1];
    if (!near) continue;
    const numbers = [near.interfaceIndex, far.interfaceIndex].sort((a, b) => a - b);
    const [first, second] = numbers.map((number) => interfaces[number]);
    if (!first || !second) continue;
    const key = numbers.join(' ');
    let pair = pairs.get(key);
    if (!pair) {
      pair = new PointPair(first, second);
      pairs.set(key, pair);
    }
    pair.add({ near, far }, interfaces, traces);
  }
}

/** The comparison of two points. */
class PointPair {
  readonly #first: CaptureInterface;
  readonly #second: CaptureInterface;
  readonly #connections: JoinedConnection[] = [];
  #joined = 0;
  #translated = 0;
  readonly #legs: Leg[] = [];
  /** The shortest times in each direction, by the clocks of the points. */
  #toSecond = Number.POSITIVE_INFINITY;
  #toFirst = Number.POSITIVE_INFINITY;
  /** Servers that connections reach through the other point, by the index of this point. */
  readonly #reached = new Map<number, Set<string>>();

  constructor(first: CaptureInterface, second: CaptureInterface) {
    this.#first = first;
    this.#second = second;
  }

  add(
    connection: JoinedConnection,
    interfaces: readonly CaptureInterface[],
    traces: PacketTraces,
  ): void {
    const { near, far } = connection;
    this.#joined += 1;
    const isTranslated = !isSameEnd(near.client, far.client) || !isSameEnd(near.server, far.server);
    if (isTranslated) this.#translated += 1;
    if (this.#connections.length < MAX_CONNECTIONS) this.#connections.push(connection);
    if (this.#first === this.#second) return;
    if (near.server.address === far.server.address) {
      const servers = this.#reached.get(near.interfaceIndex) ?? new Set();
      this.#reached.set(near.interfaceIndex, servers.add(near.server.address));
    }
    if (near.isFragmented || far.isFragmented) return;
    const clientMatch = matchTrails(traces, near.trace.client, far.trace.client);
    const serverMatch = matchTrails(traces, far.trace.server, near.trace.server);
    const isOrdered = !isSamePlace(near, far);
    this.#addLeg(near, far, 'client', clientMatch, isOrdered, interfaces);
    this.#addLeg(far, near, 'server', serverMatch, isOrdered, interfaces);
    const isFromFirst = near.interfaceIndex === this.#first.index;
    const [toSecond, toFirst] = isFromFirst
      ? [clientMatch, serverMatch]
      : [serverMatch, clientMatch];
    this.#toSecond = Math.min(this.#toSecond, toSecond.shortest);
    this.#toFirst = Math.min(this.#toFirst, toFirst.shortest);
  }

  /**
   * Adds the packets of one endpoint on their way between two points. If the points are at the same place, each of them
   * may have missed packets that the other one saw.
   */
  #addLeg(
    from: PointView,
    to: PointView,
    end: 'client' | 'server',
    { missing, unseen, shortest }: MatchedTrails,
    isOrdered: boolean,
    interfaces: readonly CaptureInterface[],
  ): void {
    const source = interfaces[from.interfaceIndex] as CaptureInterface;
    const target = interfaces[to.interfaceIndex] as CaptureInterface;
    const matched = { missing, unseen: isOrdered ? unseen : [], shortest };
    this.#legs.push({ view: from, trail: from.trace[end], source, target, matched });
    if (isOrdered || unseen.length === 0) return;
    const reverseMatch = { missing: unseen, unseen: [], shortest };
    this.#legs.push({
      view: to,
      trail: to.trace[end],
      source: target,
      target: source,
      matched: reverseMatch,
    });
  }

  /** Adds a conversation without an answer at one point, which the other point should have seen and did not. */
  addSilent(view: PointView, traces: PacketTraces): void {
    if (!this.#reached.get(view.interfaceIndex)?.has(view.server.address)) return;
    const isFirst = view.interfaceIndex === this.#first.index;
    const [source, target] = isFirst ? [this.#first, this.#second] : [this.#second, this.#first];
    const missing = [...traces.entries(view.trace.client)];
    const matched = { missing, unseen: [], shortest: Number.POSITIVE_INFINITY };
    this.#legs.push({ view, trail: view.trace.client, source, target, matched });
  }

  finish(traces: PacketTraces, onLost: OnLost | undefined): PointComparison {
    const clock = this.#clock();
    const offset = clock?.offset ?? 0;
    const margin = MAX_TRANSIT_NS + 4 * (clock?.uncertainty ?? 0);
    const indexes = [this.#first.index, this.#second.index];
    return {
      first: this.#first,
      second: this.#second,
      joined: this.#joined,
      translated: this.#translated,
      connections: this.#connections,
      clock,
      toSecond: this.#compareDirection(
        this.#first,
        new DirectionCollector(traces, offset, margin, onLost),
      ),
      toFirst: this.#compareDirection(
        this.#second,
        new DirectionCollector(traces, -offset, margin, onLost),
      ),
      isPartial: indexes.some((index) => Number.isFinite(traces.fullSince(index))),
    };
  }

  /** Assumes, as NTP does, that the shortest times in both directions are equal. This is the best estimate. */
  #clock(): ClockOffset | undefined {
    if (!Number.isFinite(this.#toSecond + this.#toFirst)) return undefined;
    return {
      offset: (this.#toSecond - this.#toFirst) / 2,
      uncertainty: Math.abs(this.#toSecond + this.#toFirst) / 2,
    };
  }

  #compareDirection(source: CaptureInterface, collector: DirectionCollector): DirectionComparison {
    for (const leg of this.#legs) if (leg.source === source) collector.add(leg);
    return collector.finish();
  }
}

class DirectionCollector implements DirectionComparison {
  packets = 0;
  lostData = 0;
  unseen = 0;
  readonly note = new Note();
  readonly foreignResets = new Note();
  resetConnection: PointView | undefined;
  readonly connections: PointView[] = [];
  readonly losing = new Set<number>();
  hasMoreLosing = false;
  readonly #missing: number[] = [];
  readonly #traces: PacketTraces;
  readonly #offset: number;
  readonly #margin: number;
  readonly #onLost: OnLost | undefined;

  /** `offset`: how far the clock of the destination point is ahead of the clock of the source point. */
  constructor(traces: PacketTraces, offset: number, margin: number, onLost: OnLost | undefined) {
    this.#traces = traces;
    this.#onLost = onLost;
    this.#offset = offset;
    this.#margin = margin;
  }

  add({ view, trail, source, target, matched }: Leg): void {
    const traces = this.#traces;
    const offset = this.#offset;
    const isRecorded = this.#recordedByBoth(source, target, offset);
    for (const entry of traces.entries(trail))
      if (isRecorded(traces.time(entry))) this.packets += 1;
    const missing = matched.missing.filter((entry) => isRecorded(traces.time(entry)));
    for (const entry of missing) {
      this.#missing.push(entry);
      if (traces.isMore(entry)) this.lostData += 1;
      this.#onLost?.(view, source, target, traces.number(entry), traces.time(entry));
    }
    if (missing.length > 0) {
      if (this.connections.length < MAX_LOSING) this.connections.push(view);
      if (this.losing.size < MAX_LOSING_NUMBERS) this.losing.add(view.serial);
      else this.hasMoreLosing = true;
    }
    const wasSent = this.#recordedByBoth(target, source, -offset);
    for (const entry of matched.unseen) {
      if (!wasSent(traces.time(entry))) continue;
      if (!traces.isReset(entry)) {
        this.unseen += 1;
        continue;
      }
      this.foreignResets.add(traces.number(entry), traces.time(entry));
      this.resetConnection ??= view;
    }
  }

  /** Call after all legs were added. */
  finish(): this {
    const traces = this.#traces;
    this.#missing.sort((a, b) => traces.time(a) - traces.time(b));
    for (const entry of this.#missing) this.note.add(traces.number(entry), traces.time(entry));
    return this;
  }

  get lost(): number {
    return this.#missing.length;
  }

  /** Creates a test whether a packet at `source`, by its time, passed while `target` was recording too. */
  #recordedByBoth(source: CaptureInterface, target: CaptureInterface, offset: number) {
    const traces = this.#traces;
    const full = Math.min(traces.fullSince(source.index), traces.fullSince(target.index) - offset);
    const end = target.end - offset;
    // Recording ended at the same moment for all interfaces of a file, even if one saw no more packets.
    const isTogether = source.capture === target.capture;
    const until = isTogether ? Math.max(end, source.end - END_SKEW_NS) : end;
    const first = target.start - offset;
    const last = Math.min(until, full) - this.#margin;
    return (time: number) => time >= first && time <= last;
  }
}
