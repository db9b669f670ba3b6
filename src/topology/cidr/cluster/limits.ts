import { parseAddress } from '../../address.ts';
import type { ClusterFacts } from '../../model/clusterFacts.ts';
import { familyPlan } from '../capacity.ts';
import { isInside, overlaps, sizeOf, type WrittenRange } from '../range.ts';
import type { ClusterRange } from './clusterRanges.ts';
import type { NodeUse } from './nodeUse.ts';

/** How many nodes the pod ranges have room for. */
export interface NodeCapacity {
  readonly family: 4 | 6;
  /** How many node ranges there are, without those that the service range takes up. */
  readonly total: number;
  readonly used: number;
  readonly nodeMask: number;
  /** True for blocks: a node can have several of them. */
  readonly isBlocks: boolean;
}

/** A resource that can run out. */
export interface Limit {
  readonly what: string;
  readonly used: number;
  readonly total: bigint;
}

/** The defaults of the kube-controller-manager. */
const DEFAULT_MASK = { 4: 24, 6: 64 } as const;

/** One entry per family, if the family's range is known exactly. */
export function nodeCapacities(
  ranges: readonly ClusterRange[],
  uses: readonly NodeUse[],
): readonly NodeCapacity[] {
  const services = ranges.filter(({ use }) => use === 'services').map(({ range }) => range);
  const nodeRanges = uses.flatMap((use) => use.ranges.map(({ range }) => range));
  return ([4, 6] as const).flatMap((family) => {
    const pods = allocated(
      ranges.filter(
        ({ use, range, isExact }) => use === 'pods' && isExact && range.family === family,
      ),
      nodeRanges,
    );
    const [first] = pods;
    if (first === undefined) return [];
    const familyRanges = nodeRanges.filter((range) => range.family === family);
    const masks = pods.map(({ nodeMask }) => nodeMask).filter((mask) => mask !== undefined);
    const nodeMask = masks[0] ?? familyRanges[0]?.length ?? DEFAULT_MASK[family];
    const total = pods.reduce((sum, { range, nodeMask: mask = nodeMask }) => {
      return sum + familyPlan(range, { nodeMask: { 4: mask, 6: mask }, services }).nodes;
    }, 0);
    const used = familyRanges.filter((nodeRange) =>
      pods.some(({ range }) => isInside(nodeRange, range)),
    ).length;
    return [{ family, total, used, nodeMask, isBlocks: first.isBlocks }];
  });
}

/**
 * The ranges that node ranges are taken from. If several are known, such as --cluster-cidr and a pool of the
 * network plugin, only those that contain node ranges count. Overlapping ranges count once.
 */
function allocated(
  pods: readonly ClusterRange[],
  nodeRanges: readonly WrittenRange[],
): readonly ClusterRange[] {
  const inUse = pods.filter(({ range }) =>
    nodeRanges.some((nodeRange) => isInside(nodeRange, range)),
  );
  const candidates = inUse.length > 0 ? inUse : pods;
  return candidates.filter(
    (range, index) =>
      !candidates.some(
        (otherRange, otherIndex) =>
          otherIndex !== index &&
          overlaps(range.range, otherRange.range) &&
          (otherRange.range.length < range.range.length ||
            (otherRange.range.length === range.range.length && otherIndex < index)),
      ),
  );
}

/** All limits, the fullest first. */
export function limitsOf(
  { objects }: ClusterFacts,
  ranges: readonly ClusterRange[],
  uses: readonly NodeUse[],
  capacities: readonly NodeCapacity[],
): readonly Limit[] {
  const addresses = (objects.services ?? [])
    .flatMap(({ clusterAddresses }) => clusterAddresses)
    .flatMap((text) => parseAddress(text) ?? []);
  const services = ranges
    .filter(({ use, isExact }) => use === 'services' && isExact)
    .map(({ range, range: { family, first } }) => {
      const assigned = addresses.filter(
        ({ family: addressFamily, value }) =>
          addressFamily === family && value >= first && value < first + sizeOf(range),
      );
      // Leave out the network's address and, in IPv4, the last address.
      const unusable = family === 4 ? 2n : 1n;
      const total = sizeOf(range) - unusable;
      return { what: `addresses of services (${range.written})`, used: assigned.length, total };
    });
  const limits: Limit[] = [
    ...capacities.map(({ total, used, nodeMask, isBlocks }) => ({
      what: `${isBlocks ? 'blocks' : 'ranges for nodes'} (/${nodeMask})`,
      used,
      total: BigInt(total),
    })),
    ...fullestOfNodes(uses, ({ name, ranges: nodeRanges }) =>
      nodeRanges
        .filter(({ isBlock }) => !isBlock)
        .map(({ range, addresses: total, used }) => ({
          what: `addresses of ${name} (${range.written})`,
          used,
          total,
        })),
    ),
    ...fullestOfNodes(uses, ({ name, pods, podLimit }) =>
      podLimit === undefined
        ? []
        : [{ what: `pods of ${name} (limit of the kubelet)`, used: pods, total: BigInt(podLimit) }],
    ),
    ...services,
  ];
  return limits.toSorted((a, b) => share(b) - share(a));
}

/** The fullest of all nodes' limits. */
function fullestOfNodes(
  uses: readonly NodeUse[],
  limitsOfNode: (use: NodeUse) => Limit[],
): Limit[] {
  let fullestLimit: Limit | undefined;
  for (const use of uses)
    for (const limit of limitsOfNode(use))
      if (fullestLimit === undefined || share(limit) > share(fullestLimit)) fullestLimit = limit;
  return fullestLimit === undefined ? [] : [fullestLimit];
}

/** The used share: 0 to 1, or more if overused. */
export function share({ used, total }: Limit): number {
  return total === 0n ? Number(used > 0) : used / Number(total);
}
