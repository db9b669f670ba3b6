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
const NEAR = 200_000;

/** Matches the packets of one connection across points, and orders all of them by time. */
export function mergePoints(points: readonly PointPackets[]): PassingPacket[] {
  const places = points.map((_, index) => index);
  const up = follow(points, places, true);
  const down = follow(points, [...places].reverse(), false);
  return [...up, ...down].sort((a, b) => firstTime(a) - firstTime(b));
}

export function firstTime({ times }: PassingPacket): number {
  return Math.min(...times.filter((time) => time !== undefined));
}

/** Follows the packets of one direction past the points, in the order in which they pass them. */
function follow(
  points: readonly PointPackets[],
  order: readonly number[],
  fromClient: boolean,
): PassingPacket[] {
  const all: PassingPacket[] = [];
  let before: number | undefined;
  for (const place of order) {
    const point = points[place] as PointPackets;
    const seen = point.packets.filter((packet) => packet.fromClient === fromClient);
    const waiting = before === undefined ? [] : all.filter(canArrive(before));
    const found = match(waiting, before ?? 0, seen, point.offset);
    for (const [index, packet] of seen.entries()) {
      const time = packet.time + point.offset;
      let passing = found.get(index);
      if (passing) {
        passing.times[place] = time;
        if (passing.packet.label === '')
          passing.packet = { ...passing.packet, label: packet.label };
      } else {
        const times = points.map((_, other) => (other === place ? time : undefined));
        passing = { packet, times, lostAfter: -1, skipped: packet.skipped };
        all.push(passing);
      }
      if (packet.isLost) passing.lostAfter = place;
    }
    before = place;
  }
  return all;
}

function canArrive(before: number) {
  return ({ times, lostAfter }: PassingPacket) => times[before] !== undefined && lostAfter < 0;
}

/** Matches packets in `seen`, by index, with waiting ones: equal IP identifications first, then the nearest in time. */
function match(
  waiting: readonly PassingPacket[],
  before: number,
  seen: readonly DiagramPacket[],
  offset: number,
): Map<number, PassingPacket> {
  const found = new Map<number, PassingPacket>();
  const taken = new Set<PassingPacket>();
  for (const isExact of [true, false]) {
    const byKey = new Map<string, PassingPacket[]>();
    for (const passing of waiting) {
      if (taken.has(passing)) continue;
      const key = keyOf(passing.packet, isExact);
      byKey.set(key, [...(byKey.get(key) ?? []), passing]);
    }
    for (const [index, packet] of seen.entries()) {
      if (found.has(index)) continue;
      const apart = (passing: PassingPacket) =>
        Math.abs((passing.times[before] ?? 0) - (packet.time + offset));
      const [nearest] = (byKey.get(keyOf(packet, isExact)) ?? [])
        .filter((passing) => !taken.has(passing) && (isExact || apart(passing) < NEAR))
        .sort((a, b) => apart(a) - apart(b));
      if (!nearest) continue;
      found.set(index, nearest);
      taken.add(nearest);
    }
  }
  return found;
}

function keyOf(packet: DiagramPacket, withIpId: boolean): string {
  const { flags, sequence, acknowledgment, length, ipId } = packet;
  return `${flags} ${sequence} ${acknowledgment} ${length} ${withIpId ? ipId : ''}`;
}
