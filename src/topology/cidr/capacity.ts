import { overlaps, type Range, sizeOf, type WrittenRange } from './range.ts';

/** What is planned. Ranges of one family each: at most one of IPv4 and one of IPv6. */
export interface PlanRequest {
  readonly cluster: readonly WrittenRange[];
  /** Prefix length of a node's range, by family. */
  readonly nodeMask: Readonly<Record<4 | 6, number>>;
  readonly services: readonly WrittenRange[];
  /** Ranges that are in use elsewhere, such as VPCs and VPNs. */
  readonly avoid: readonly WrittenRange[];
  /** How many nodes there shall be; undefined: as many as fit. */
  readonly nodes?: number;
  readonly podsPerNode: number;
}

/** The part of a plan of one family. */
export interface FamilyPlan {
  readonly range: WrittenRange;
  readonly nodeMask: number;
  /** Nodes that get a range. */
  readonly nodes: number;
  /** Ranges of nodes that the service range takes away. */
  readonly takenByServices: number;
  /** Addresses that a node's range can give out, its gateway among them. */
  readonly addressesPerNode: bigint;
}

/** A count as JSON can hold it exactly. */
export function countOf(count: bigint): number | string {
  return count <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(count) : `${count}`;
}

/** How many nodes a range is enough for, and how many addresses each gets. */
export function familyPlan(
  range: WrittenRange,
  { nodeMask: masks, services }: Pick<PlanRequest, 'nodeMask' | 'services'>,
): FamilyPlan {
  const { family } = range;
  const nodeMask = masks[family];
  const blocks = nodeMask < range.length ? 0n : 1n << BigInt(nodeMask - range.length);
  const taken = services
    .filter((service) => overlaps(service, range))
    .reduce((sum, service) => sum + blocksWithin(service, range, nodeMask), 0n);
  const free = blocks - taken;
  return {
    range,
    nodeMask,
    nodes: Number(free < 0n ? 0n : free),
    takenByServices: Number(taken),
    addressesPerNode: usableAddresses(family, nodeMask),
  };
}

/** How many ranges of nodes the service range touches: none of these is given to a node. */
function blocksWithin(service: Range, { first, family, length }: Range, nodeMask: number): bigint {
  const block = sizeOf({ family, first, length: nodeMask });
  const end = first + sizeOf({ family, first, length });
  const from = service.first > first ? service.first : first;
  const serviceEnd = service.first + sizeOf(service);
  const to = serviceEnd < end ? serviceEnd : end;
  return (to - first + block - 1n) / block - (from - first) / block;
}

/** The network's address is not given out, nor, in IPv4, the broadcast address (CNI's host-local). */
export function usableAddresses(family: 4 | 6, nodeMask: number): bigint {
  const all = 1n << BigInt((family === 4 ? 32 : 128) - nodeMask);
  const unusable = family === 4 ? 2n : 1n;
  return all > unusable ? all - unusable : 0n;
}
