import type { PathTrace } from '../trace/tracePath.ts';
import type { Direction, Hop, Where } from '../trace/way.ts';
import { type ClockBounds, clockOffsets, type Passage } from './nodeClocks.ts';
import type { Observation } from './observation.ts';
import type { ProbePlan } from './probePlan.ts';
import { type Recognised, recogniser } from './recognise.ts';
import { placeKey } from './watchPoint.ts';

/** A device that saw one of the probe's packets. */
export interface SeenAt {
  readonly hop: Where;
  /**
   * The time since the sender's first device saw it, in milliseconds; absent if the clocks of the nodes cannot be
   * compared.
   */
  readonly atMs?: number;
  /** The error of `atMs` in either direction, if the device is on another node than the first. */
  readonly uncertaintyMs?: number;
  /** What has changed since the previous device. */
  readonly altered: readonly string[];
}

/** One packet of the probe, or an answer to it. */
export interface ProbedPacket {
  readonly direction: Direction;
  /** What it is, and the number of the packet: `TCP SYN 1`. */
  readonly packet: string;
  readonly seen: readonly SeenAt[];
  /** Devices that did not see it although a later device did. */
  readonly skipped: readonly Where[];
  /** Where it was lost; absent if it arrived or was answered. */
  readonly lost?: { readonly after?: Where; readonly before?: Where };
}

/** What each device saw, by placeKey; undefined for a device that could not be watched. */
export type Observed = ReadonlyMap<string, readonly Observation[] | undefined>;

interface Sight {
  readonly seen: Observation;
  readonly what: string;
}

/** Follows each packet of a probe through the watched devices. */
export function judgeProbe(
  plan: ProbePlan,
  { ways }: PathTrace,
  observed: Observed,
): ProbedPacket[] {
  const [there] = ways;
  const first = there?.hops[0];
  if (there === undefined || first === undefined) return [];
  const recognise = recogniser(plan, observed.get(placeKey(first)) ?? []);
  // By direction and packet, then by device: the first sight of the packet there.
  const sights = new Map<string, Map<string, Sight>>();
  for (const [place, observations] of observed) {
    for (const seen of observations ?? []) {
      const known = recognise(seen);
      if (known === undefined) continue;
      const key = keyOf(known);
      const own = sights.get(key) ?? new Map<string, Sight>();
      sights.set(key, own);
      if (!own.has(place)) own.set(place, { seen, what: known.what });
    }
  }
  const ids = [...new Set([...sights.keys()].map((key) => key.slice(key.indexOf(' ') + 1)))];
  const hopsOf = {
    there: there.hops,
    back: ways.find(({ direction }) => direction === 'back')?.hops ?? there.hops.toReversed(),
  };
  const endOf = {
    there: there.end,
    back: ways.find(({ direction }) => direction === 'back')?.end,
  };
  const nodeOf = new Map(
    [...hopsOf.there, ...hopsOf.back].map((hop) => [placeKey(hop), hop.node ?? '']),
  );
  const offsets = clockOffsets(passagesIn(sights, nodeOf), first.node ?? '');
  return ids.flatMap((id, at) => {
    const forth = sights.get(`there ${id}`) ?? new Map<string, Sight>();
    const answer = sights.get(`back ${id}`);
    const start = forth.get(placeKey(first))?.seen.time;
    const judge = (direction: Direction, own: ReadonlyMap<string, Sight>, isAnswered: boolean) =>
      followed(direction, hopsOf[direction], own, {
        observed,
        offsets,
        isAnswered,
        isStopped: endOf[direction] === 'stopped',
        sender: placeKey(first),
        number: at + 1,
        ...(start !== undefined && { start }),
      });
    return [
      judge('there', forth, answer !== undefined && answer.size > 0),
      ...(answer === undefined ? [] : [judge('back', answer, false)]),
    ];
  });
}

function keyOf({ direction, id }: Recognised): string {
  return `${direction} ${id}`;
}

function passagesIn(
  sights: ReadonlyMap<string, ReadonlyMap<string, Sight>>,
  nodeOf: ReadonlyMap<string, string>,
): Passage[] {
  const found: Passage[] = [];
  for (const [key, own] of sights) {
    const space = key.indexOf(' ');
    const byNode = Map.groupBy(own, ([place]) => nodeOf.get(place) ?? '');
    for (const [node, seen] of byNode) {
      const times = seen.map(([, sight]) => sight.seen.time);
      found.push({
        id: key.slice(space + 1),
        direction: key.slice(0, space) as Direction,
        node,
        first: times.reduce((one, other) => (other < one ? other : one)),
        last: times.reduce((one, other) => (other > one ? other : one)),
      });
    }
  }
  return found;
}

interface Circumstances {
  readonly observed: Observed;
  readonly offsets: ReadonlyMap<string, ClockBounds>;
  readonly isAnswered: boolean;
  /** Whether the tables say that packets stop at the last device. */
  readonly isStopped: boolean;
  /** The placeKey of the sender's first device. */
  readonly sender: string;
  readonly number: number;
  /** When the packet left, by the first node's clock. */
  readonly start?: bigint;
}

function followed(
  direction: Direction,
  hops: readonly Hop[],
  sights: ReadonlyMap<string, Sight>,
  { observed, offsets, isAnswered, isStopped, sender, number, start }: Circumstances,
): ProbedPacket {
  const last = hops.findLastIndex((hop) => sights.has(placeKey(hop)));
  const seen: SeenAt[] = [];
  const skipped: Where[] = [];
  let before: Observation | undefined;
  let what = direction === 'there' ? 'packet' : 'answer';
  for (const hop of hops.slice(0, last + 1)) {
    const sight = sights.get(placeKey(hop));
    if (sight === undefined) {
      skipped.push(whereOf(hop));
      continue;
    }
    const offset = offsets.get(hop.node ?? '');
    seen.push({
      hop: whereOf(hop),
      ...timeOf(sight.seen.time, start, offset),
      altered: before === undefined ? [] : alterations(before, sight.seen),
    });
    before = sight.seen;
    what = sight.what;
  }
  // An answer has arrived when the sender's first device has seen it.
  const isMissed = direction === 'back' && !sights.has(sender);
  // The next device that could be watched, after the last one that saw the packet.
  const next = hops.slice(last + 1).find((hop) => observed.get(placeKey(hop)) !== undefined);
  const lastHop = hops[last];
  const isLost = !isAnswered && (next !== undefined || isStopped || isMissed);
  return {
    direction,
    packet: `${what} ${number}`,
    seen,
    skipped,
    ...(isLost && {
      lost: {
        ...(lastHop && { after: whereOf(lastHop) }),
        ...(next && { before: whereOf(next) }),
      },
    }),
  };
}

function timeOf(
  time: bigint,
  start: bigint | undefined,
  offset: ClockBounds | undefined,
): { atMs?: number; uncertaintyMs?: number } {
  if (start === undefined || offset === undefined) return {};
  const middle = (offset.least + offset.most) / 2n;
  const half = (offset.most - offset.least) / 2n;
  return {
    atMs: milliseconds(time - middle - start),
    ...(offset.most !== 0n || offset.least !== 0n ? { uncertaintyMs: milliseconds(half) } : {}),
  };
}

function milliseconds(nanoseconds: bigint): number {
  return Math.round(Number(nanoseconds) / 1000) / 1000;
}

export function whereOf({ node, netns, pod, device }: Hop): Where {
  return {
    ...(node !== undefined && { node }),
    ...(netns !== undefined && { netns }),
    ...(pod !== undefined && { pod }),
    ...(device !== undefined && { device }),
  };
}

/** What differs between two sights of a packet: addresses, TTL, tunnel, MSS. */
function alterations(before: Observation, now: Observation): string[] {
  const found: string[] = [];
  const ends = (one: Observation) => {
    const { transport } = one;
    const isPorted = transport.kind === 'tcp' || transport.kind === 'udp';
    return {
      from: isPorted ? `${one.source}:${transport.sourcePort}` : one.source,
      to: isPorted ? `${one.destination}:${transport.destinationPort}` : one.destination,
    };
  };
  const [one, other] = [ends(before), ends(now)];
  if (one.from !== other.from) found.push(`source ${one.from} → ${other.from}`);
  if (one.to !== other.to) found.push(`destination ${one.to} → ${other.to}`);
  if (before.ttl !== now.ttl) found.push(`TTL ${before.ttl} → ${now.ttl}`);
  if (before.tunnel !== now.tunnel)
    found.push(now.tunnel === 'none' ? `out of ${before.tunnel}` : `inside ${now.tunnel}`);
  if (before.transport.kind === 'tcp' && now.transport.kind === 'tcp') {
    const [was, is] = [before.transport.mss, now.transport.mss];
    if (was !== is) found.push(`MSS ${was} → ${is}`);
  }
  return found;
}
