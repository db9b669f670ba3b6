import { overlaps, type Range, sizeOf, type WrittenRange } from './range.ts';

/** What to plan. `cluster` and `services` have at most one range per family. */
export interface PlanRequest {
  readonly cluster: readonly WrittenRange[];
  /** The prefix length of a node's range, by family. */
  readonly nodeMask: Readonly<Record<4 | 6, number>>;
  readonly services: readonly WrittenRange[];
  /** Ranges that are in use elsewhere, such as VPCs and VPNs. */
  readonly avoid: readonly WrittenRange[];
  /** How many nodes the cluster should have; undefined for as many as fit. */
  readonly nodes?: number;
  readonly podsPerNode: number;
}

/** The plan for one family. */
export interface FamilyPlan {
  readonly range: WrittenRange;
  readonly nodeMask: number;
  /** How many nodes get a range. */
  readonly nodes: number;
  /** How many node ranges the service range takes up. */
  readonly takenByServices: number;
  /** How many addresses a node's range can assign, including its gateway. */
  readonly addressesPerNode: bigint;
}

/** A count that JSON can represent exactly. */
export function countOf(count: bigint): number | string {
  return count <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(count) : `${count}`;
}

/** How many nodes a range has room for, and how many addresses each node gets. */
export function familyPlan(
  range: WrittenRange,
  { nodeMask: masks, services }: Pick<PlanRequest, 'nodeMask' | 'services'>,
): FamilyPlan {
  const { family } = range;
  const nodeMask = masks[family];
  const blocks = nodeMask < range.length ? 0n : 1n << BigInt(nodeMask - range.length);
  const overlapping = services
    .filter((service) => overlaps(service, range))
    .reduce((sum, service) => sum + blocksWithin(service, range, nodeMask), 0n);
  const free = blocks - overlapping;
  return {
    range,
    nodeMask,
    nodes: Number(free < 0n ? 0n : free),
    takenByServices: Number(overlapping),
    addressesPerNode: usableAddresses(family, nodeMask),
  };
}

/** How many node ranges the service range overlaps: these are not given to nodes. */
function blocksWithin(service: Range, { first, family, length }: Range, nodeMask: number): bigint {
  const block = sizeOf({ family, first, length: nodeMask });
  const end = first + sizeOf({ family, first, length });
  const from = service.first > first ? service.first : first;
  const serviceEnd = service.first + sizeOf(service);
  const to = serviceEnd < end ? serviceEnd : end;
  return (to - first + block - 1n) / block - (from - first) / block;
}

/** How many addresses can be assigned: as in host-local, all but the network's and, in IPv4, the broadcast address. */
export function usableAddresses(family: 4 | 6, nodeMask: number): bigint {
  const all = 1n << BigInt((family === 4 ? 32 : 128) - nodeMask);
  const unusable = family === 4 ? 2n : 1n;
  return all > unusable ? all - unusable : 0n;
}
