import type { Direction } from '../trace/oneWayPath.ts';

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
  readonly lower: bigint;
  readonly upper: bigint;
}

/**
 * Compares clocks by the packets themselves: in each direction, no packet arrives before it was sent. A node
 * without packets in both directions is left out, because its clock cannot be compared.
 */
export function clockOffsets(
  passages: readonly Passage[],
  firstNode: string,
): Map<string, ClockBounds> {
  const offsets = new Map<string, ClockBounds>([[firstNode, { lower: 0n, upper: 0n }]]);
  const forwardTimes = new Map<string, bigint>();
  const backTimes = new Map<string, bigint>();
  for (const { id, direction, node, first, last } of passages) {
    if (node !== firstNode) continue;
    if (direction === 'there') forwardTimes.set(id, last);
    else backTimes.set(id, first);
  }
  const passagesByNode = Map.groupBy(
    passages.filter(({ node }) => node !== firstNode),
    ({ node }) => node,
  );
  for (const [node, nodePassages] of passagesByNode) {
    let lower: bigint | undefined;
    let upper: bigint | undefined;
    for (const { id, direction, first, last } of nodePassages) {
      const sentAt = forwardTimes.get(id);
      const arrivedAt = backTimes.get(id);
      if (direction === 'there' && sentAt !== undefined) {
        const bound = first - sentAt;
        if (upper === undefined || bound < upper) upper = bound;
      }
      if (direction === 'back' && arrivedAt !== undefined) {
        const bound = last - arrivedAt;
        if (lower === undefined || bound > lower) lower = bound;
      }
    }
    // The bounds contradict each other if a clock was changed during the probe.
    if (lower !== undefined && upper !== undefined && lower <= upper)
      offsets.set(node, { lower, upper });
  }
  return offsets;
}
