import type { Direction } from '../trace/way.ts';

/** A packet at a node: when its devices first and last saw it, in nanoseconds of the node's clock. */
export interface Passage {
  readonly id: string;
  readonly direction: Direction;
  readonly node: string;
  readonly first: bigint;
  readonly last: bigint;
}

/** The least and the most that a node's clock can be ahead of the first node's, in nanoseconds. */
export interface ClockBounds {
  readonly least: bigint;
  readonly most: bigint;
}

/**
 * Compares clocks by the packets themselves: in each direction, no packet arrives before it was sent. A node
 * without packets in both directions is left out, because its clock cannot be compared.
 */
export function clockOffsets(
  passages: readonly Passage[],
  firstNode: string,
): Map<string, ClockBounds> {
  const offsets = new Map<string, ClockBounds>([[firstNode, { least: 0n, most: 0n }]]);
  const there = new Map<string, bigint>();
  const back = new Map<string, bigint>();
  for (const { id, direction, node, first, last } of passages) {
    if (node !== firstNode) continue;
    if (direction === 'there') there.set(id, last);
    else back.set(id, first);
  }
  const others = Map.groupBy(
    passages.filter(({ node }) => node !== firstNode),
    ({ node }) => node,
  );
  for (const [node, seen] of others) {
    let least: bigint | undefined;
    let most: bigint | undefined;
    for (const { id, direction, first, last } of seen) {
      const sent = there.get(id);
      const arrived = back.get(id);
      if (direction === 'there' && sent !== undefined) {
        const bound = first - sent;
        if (most === undefined || bound < most) most = bound;
      }
      if (direction === 'back' && arrived !== undefined) {
        const bound = last - arrived;
        if (least === undefined || bound > least) least = bound;
      }
    }
    // The bounds contradict each other if a clock was changed during the probe.
    if (least !== undefined && most !== undefined && least <= most)
      offsets.set(node, { least, most });
  }
  return offsets;
}
