import { parseAddress } from '../../address.ts';
import type { ClusterFacts } from '../../model/clusterFacts.ts';
import { familyPlan } from '../capacity.ts';
import { isInside, overlaps, sizeOf, type WrittenRange } from '../range.ts';
import type { ClusterRange } from './clusterRanges.ts';
import type { NodeUse } from './nodeUse.ts';

/** How many nodes the pod ranges have room for. */
export interface NodesFit {
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
export function nodesFit(
  ranges: readonly ClusterRange[],
  uses: readonly NodeUse[],
): readonly NodesFit[] {
  const services = ranges.filter(({ use }) => use === 'services').map(({ range }) => range);
  const own = uses.flatMap((use) => use.ranges.map(({ range }) => range));
  return ([4, 6] as const).flatMap((family) => {
    const pods = allocated(
      ranges.filter(
        ({ use, range, isExact }) => use === 'pods' && isExact && range.family === family,
      ),
      own,
    );
    const [first] = pods;
    if (first === undefined) return [];
    const parts = own.filter((range) => range.family === family);
    const masks = pods.map(({ nodeMask }) => nodeMask).filter((mask) => mask !== undefined);
    const nodeMask = masks[0] ?? parts[0]?.length ?? DEFAULT_MASK[family];
    const total = pods.reduce((sum, { range, nodeMask: mask = nodeMask }) => {
      return sum + familyPlan(range, { nodeMask: { 4: mask, 6: mask }, services }).nodes;
    }, 0);
    const used = parts.filter((part) => pods.some(({ range }) => isInside(part, range))).length;
    return [{ family, total, used, nodeMask, isBlocks: first.isBlocks }];
  });
}

/**
 * The ranges that node ranges are taken from. If several are known, such as --cluster-cidr and a pool of the
 * network plugin, only those that contain node ranges count. Overlapping ranges count once.
 */
function allocated(
  pods: readonly ClusterRange[],
  parts: readonly WrittenRange[],
): readonly ClusterRange[] {
  const inUse = pods.filter(({ range }) => parts.some((part) => isInside(part, range)));
  const counted = inUse.length > 0 ? inUse : pods;
  return counted.filter(
    (one, at) =>
      !counted.some(
        (other, index) =>
          index !== at &&
          overlaps(one.range, other.range) &&
          (other.range.length < one.range.length ||
            (other.range.length === one.range.length && index < at)),
      ),
  );
}

/** All limits, the fullest first. */
export function limitsOf(
  { objects }: ClusterFacts,
  ranges: readonly ClusterRange[],
  uses: readonly NodeUse[],
  fits: readonly NodesFit[],
): readonly Limit[] {
  const addresses = (objects.services ?? [])
    .flatMap(({ clusterAddresses }) => clusterAddresses)
    .flatMap((text) => parseAddress(text) ?? []);
  const services = ranges
    .filter(({ use, isExact }) => use === 'services' && isExact)
    .map(({ range, range: { family, first } }) => {
      const inside = addresses.filter(
        ({ family: own, value }) =>
          own === family && value >= first && value < first + sizeOf(range),
      );
      // Leave out the network's address and, in IPv4, the last address.
      const unusable = family === 4 ? 2n : 1n;
      const total = sizeOf(range) - unusable;
      return { what: `addresses of services (${range.written})`, used: inside.length, total };
    });
  const limits: Limit[] = [
    ...fits.map(({ total, used, nodeMask, isBlocks }) => ({
      what: `${isBlocks ? 'blocks' : 'ranges for nodes'} (/${nodeMask})`,
      used,
      total: BigInt(total),
    })),
    ...fullest(uses, ({ name, ranges: own }) =>
      own
        .filter(({ isBlock }) => !isBlock)
        .map(({ range, addresses: total, used }) => ({
          what: `addresses of ${name} (${range.written})`,
          used,
          total,
        })),
    ),
    ...fullest(uses, ({ name, pods, podLimit }) =>
      podLimit === undefined
        ? []
        : [{ what: `pods of ${name} (limit of the kubelet)`, used: pods, total: BigInt(podLimit) }],
    ),
    ...services,
  ];
  return limits.toSorted((one, other) => share(other) - share(one));
}

/** The fullest of all nodes' limits. */
function fullest(uses: readonly NodeUse[], limitsOfNode: (use: NodeUse) => Limit[]): Limit[] {
  let best: Limit | undefined;
  for (const use of uses)
    for (const limit of limitsOfNode(use))
      if (best === undefined || share(limit) > share(best)) best = limit;
  return best === undefined ? [] : [best];
}

/** The used share: 0 to 1, or more if overused. */
export function share({ used, total }: Limit): number {
  return total === 0n ? Number(used > 0) : used / Number(total);
}
