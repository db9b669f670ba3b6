import type { DiagramPacket } from './packets.ts';

/** What one capture point saw of a connection. */
export interface PointPackets {
  readonly packets: readonly DiagramPacket[];
  /**
   * Microseconds from the start of the first point's conversation to the start of this one, by the first point's
   * clock.
   */
  readonly offset: number;
}

/** A packet on its way past the capture points. */
export interface PassingPacket {
  /** As the first point saw it, with the label from any point that has one. */
  packet: DiagramPacket;
  /** By point, in the first point's time; undefined where the packet was not seen. */
  readonly times: (number | undefined)[];
  /** If the packet was lost, the last point that saw it; otherwise -1. */
  lostAfter: number;
  /** How many packets are left out before this one, at the first point that saw it. */
  readonly skipped: number;
}

/** Packets without equal IP identifications are only matched within this time. Microseconds. */
const MAX_TIME_DIFFERENCE = 200_000;

/** Matches the packets of one connection across points, and orders all of them by time. */
export function mergePoints(points: readonly PointPackets[]): PassingPacket[] {
  const places = points.map((_, index) => index);
  const fromClient = mergeDirection(points, places, true);
  const fromServer = mergeDirection(points, [...places].reverse(), false);
  return [...fromClient, ...fromServer].sort((a, b) => firstTime(a) - firstTime(b));
}

export function firstTime({ times }: PassingPacket): number {
  return Math.min(...times.filter((time) => time !== undefined));
}

/** Follows the packets of one direction past the points, in the order in which they pass them. */
function mergeDirection(
  points: readonly PointPackets[],
  order: readonly number[],
  fromClient: boolean,
): PassingPacket[] {
  const merged: PassingPacket[] = [];
  let previousPlace: number | undefined;
  for (const place of order) {
    const point = points[place] as PointPackets;
    const pointPackets = point.packets.filter((packet) => packet.fromClient === fromClient);
    const waiting = previousPlace === undefined ? [] : merged.filter(canArrive(previousPlace));
    const matches = matchPackets(waiting, previousPlace ?? 0, pointPackets, point.offset);
    for (const [index, packet] of pointPackets.entries()) {
      const time = packet.time + point.offset;
      let existing = matches.get(index);
      if (existing) {
        existing.times[place] = time;
        if (existing.packet.label === '')
          existing.packet = { ...existing.packet, label: packet.label };
      } else {
        const times = points.map((_, pointIndex) => (pointIndex === place ? time : undefined));
        existing = { packet, times, lostAfter: -1, skipped: packet.skipped };
        merged.push(existing);
      }
      if (packet.isLost) existing.lostAfter = place;
    }
    previousPlace = place;
  }
  return merged;
}

function canArrive(previousPlace: number) {
  return ({ times, lostAfter }: PassingPacket) =>
    times[previousPlace] !== undefined && lostAfter < 0;
}

/** Matches `arrivals`, by index, with waiting ones: equal IP identifications first, then the nearest in time. */
function matchPackets(
  waiting: readonly PassingPacket[],
  previousPlace: number,
  arrivals: readonly DiagramPacket[],
  offset: number,
): Map<number, PassingPacket> {
  const matches = new Map<number, PassingPacket>();
  const matched = new Set<PassingPacket>();
  for (const isExact of [true, false]) {
    const byKey = new Map<string, PassingPacket[]>();
    for (const passing of waiting) {
      if (matched.has(passing)) continue;
      const key = keyOf(passing.packet, isExact);
      byKey.set(key, [...(byKey.get(key) ?? []), passing]);
    }
    for (const [index, packet] of arrivals.entries()) {
      if (matches.has(index)) continue;
      const timeDifference = (passing: PassingPacket) =>
        Math.abs((passing.times[previousPlace] ?? 0) - (packet.time + offset));
      const [nearest] = (byKey.get(keyOf(packet, isExact)) ?? [])
        .filter(
          (passing) =>
            !matched.has(passing) && (isExact || timeDifference(passing) < MAX_TIME_DIFFERENCE),
        )
        .sort((a, b) => timeDifference(a) - timeDifference(b));
      if (!nearest) continue;
      matches.set(index, nearest);
      matched.add(nearest);
    }
  }
  return matches;
}

function keyOf(packet: DiagramPacket, withIpId: boolean): string {
  const { flags, sequence, acknowledgment, length, ipId } = packet;
  return `${flags} ${sequence} ${acknowledgment} ${length} ${withIpId ? ipId : ''}`;
}
