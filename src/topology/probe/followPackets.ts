import type { DeviceLocation, Direction, Hop } from '../trace/oneWayPath.ts';
import type { PathTrace } from '../trace/tracePath.ts';
import { type ClockBounds, clockOffsets, type Passage } from './nodeClocks.ts';
import type { Observation } from './observation.ts';
import type { ProbePlan } from './probePlan.ts';
import { type RecognisedPacket, recogniser } from './recognise.ts';
import { placeKey } from './watchPoint.ts';

/** A device that saw one of the probe's packets. */
export interface Sighting {
  readonly hop: DeviceLocation;
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
  readonly seen: readonly Sighting[];
  /** Devices that did not see it although a later device did. */
  readonly skipped: readonly DeviceLocation[];
  /** Where it was lost; absent if it arrived or was answered. */
  readonly lost?: { readonly after?: DeviceLocation; readonly before?: DeviceLocation };
}

/** What each device saw, by placeKey; undefined for a device that could not be watched. */
export type Observed = ReadonlyMap<string, readonly Observation[] | undefined>;

interface IdentifiedObservation {
  readonly observation: Observation;
  readonly description: string;
}

/** Follows each packet of a probe through the watched devices. */
export function followPackets(
  plan: ProbePlan,
  { paths }: PathTrace,
  observed: Observed,
): ProbedPacket[] {
  const [forward] = paths;
  const first = forward?.hops[0];
  if (forward === undefined || first === undefined) return [];
  const recognise = recogniser(plan, observed.get(placeKey(first)) ?? []);
  // By direction and packet, then by device: the first observation of the packet there.
  const sights = new Map<string, Map<string, IdentifiedObservation>>();
  for (const [place, observations] of observed) {
    for (const observation of observations ?? []) {
      const recognised = recognise(observation);
      if (recognised === undefined) continue;
      const key = keyOf(recognised);
      const packetSights = sights.get(key) ?? new Map<string, IdentifiedObservation>();
      sights.set(key, packetSights);
      if (!packetSights.has(place))
        packetSights.set(place, { observation, description: recognised.what });
    }
  }
  const ids = [...new Set([...sights.keys()].map((key) => key.slice(key.indexOf(' ') + 1)))];
  const hopsOf = {
    there: forward.hops,
    back: paths.find(({ direction }) => direction === 'back')?.hops ?? forward.hops.toReversed(),
  };
  const endOf = {
    there: forward.end,
    back: paths.find(({ direction }) => direction === 'back')?.end,
  };
  const nodeOf = new Map(
    [...hopsOf.there, ...hopsOf.back].map((hop) => [placeKey(hop), hop.node ?? '']),
  );
  const offsets = clockOffsets(findPassages(sights, nodeOf), first.node ?? '');
  return ids.flatMap((id, at) => {
    const requestSights = sights.get(`there ${id}`) ?? new Map<string, IdentifiedObservation>();
    const answerSights = sights.get(`back ${id}`);
    const start = requestSights.get(placeKey(first))?.observation.time;
    const follow = (
      direction: Direction,
      byDevice: ReadonlyMap<string, IdentifiedObservation>,
      isAnswered: boolean,
    ) =>
      followPacket(direction, hopsOf[direction], byDevice, {
        observed,
        offsets,
        isAnswered,
        isStopped: endOf[direction] === 'stopped',
        sender: placeKey(first),
        number: at + 1,
        ...(start !== undefined && { start }),
      });
    return [
      follow('there', requestSights, answerSights !== undefined && answerSights.size > 0),
      ...(answerSights === undefined ? [] : [follow('back', answerSights, false)]),
    ];
  });
}

function keyOf({ direction, id }: RecognisedPacket): string {
  return `${direction} ${id}`;
}

function findPassages(
  sights: ReadonlyMap<string, ReadonlyMap<string, IdentifiedObservation>>,
  nodeOf: ReadonlyMap<string, string>,
): Passage[] {
  const passages: Passage[] = [];
  for (const [key, byDevice] of sights) {
    const space = key.indexOf(' ');
    const byNode = Map.groupBy(byDevice, ([place]) => nodeOf.get(place) ?? '');
    for (const [node, nodeSights] of byNode) {
      const times = nodeSights.map(([, sight]) => sight.observation.time);
      passages.push({
        id: key.slice(space + 1),
        direction: key.slice(0, space) as Direction,
        node,
        first: times.reduce((a, b) => (b < a ? b : a)),
        last: times.reduce((a, b) => (b > a ? b : a)),
      });
    }
  }
  return passages;
}

interface FollowContext {
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

function followPacket(
  direction: Direction,
  hops: readonly Hop[],
  sights: ReadonlyMap<string, IdentifiedObservation>,
  { observed, offsets, isAnswered, isStopped, sender, number, start }: FollowContext,
): ProbedPacket {
  const last = hops.findLastIndex((hop) => sights.has(placeKey(hop)));
  const sightings: Sighting[] = [];
  const skipped: DeviceLocation[] = [];
  let before: Observation | undefined;
  let description = direction === 'there' ? 'packet' : 'answer';
  for (const hop of hops.slice(0, last + 1)) {
    const sight = sights.get(placeKey(hop));
    if (sight === undefined) {
      skipped.push(whereOf(hop));
      continue;
    }
    const offset = offsets.get(hop.node ?? '');
    sightings.push({
      hop: whereOf(hop),
      ...timeOf(sight.observation.time, start, offset),
      altered: before === undefined ? [] : describeChanges(before, sight.observation),
    });
    before = sight.observation;
    description = sight.description;
  }
  // An answer has arrived when the sender's first device has seen it.
  const isAnswerMissed = direction === 'back' && !sights.has(sender);
  // The next device that could be watched, after the last one that saw the packet.
  const nextWatched = hops.slice(last + 1).find((hop) => observed.get(placeKey(hop)) !== undefined);
  const lastHop = hops[last];
  const isLost = !isAnswered && (nextWatched !== undefined || isStopped || isAnswerMissed);
  return {
    direction,
    packet: `${description} ${number}`,
    seen: sightings,
    skipped,
    ...(isLost && {
      lost: {
        ...(lastHop && { after: whereOf(lastHop) }),
        ...(nextWatched && { before: whereOf(nextWatched) }),
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
  const middle = (offset.lower + offset.upper) / 2n;
  const halfRange = (offset.upper - offset.lower) / 2n;
  return {
    atMs: milliseconds(time - middle - start),
    ...(offset.upper !== 0n || offset.lower !== 0n
      ? { uncertaintyMs: milliseconds(halfRange) }
      : {}),
  };
}

function milliseconds(nanoseconds: bigint): number {
  return Math.round(Number(nanoseconds) / 1000) / 1000;
}

export function whereOf({ node, netns, pod, device }: Hop): DeviceLocation {
  return {
    ...(node !== undefined && { node }),
    ...(netns !== undefined && { netns }),
    ...(pod !== undefined && { pod }),
    ...(device !== undefined && { device }),
  };
}

/** What differs between two observations of a packet: addresses, TTL, tunnel, MSS. */
function describeChanges(before: Observation, now: Observation): string[] {
  const changes: string[] = [];
  const endsOf = (observation: Observation) => {
    const { transport } = observation;
    const isPorted = transport.kind === 'tcp' || transport.kind === 'udp';
    return {
      from: isPorted ? `${observation.source}:${transport.sourcePort}` : observation.source,
      to: isPorted
        ? `${observation.destination}:${transport.destinationPort}`
        : observation.destination,
    };
  };
  const [previous, current] = [endsOf(before), endsOf(now)];
  if (previous.from !== current.from) changes.push(`source ${previous.from} → ${current.from}`);
  if (previous.to !== current.to) changes.push(`destination ${previous.to} → ${current.to}`);
  if (before.ttl !== now.ttl) changes.push(`TTL ${before.ttl} → ${now.ttl}`);
  if (before.tunnel !== now.tunnel)
    changes.push(now.tunnel === 'none' ? `out of ${before.tunnel}` : `inside ${now.tunnel}`);
  if (before.transport.kind === 'tcp' && now.transport.kind === 'tcp') {
    const [was, is] = [before.transport.mss, now.transport.mss];
    if (was !== is) changes.push(`MSS ${was} → ${is}`);
  }
  return changes;
}
