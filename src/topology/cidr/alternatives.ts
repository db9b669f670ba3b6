import { countOf, type FamilyPlan, familyPlan, type PlanRequest } from './capacity.ts';
import { mustParseRange, overlaps, type Range, rangeText } from './range.ts';

const MAX_ALTERNATIVES = 3;
/** Where to look for a new pod range, in order of preference. */
const SPACES = {
  4: ['10.244.0.0/16', '10.240.0.0/12', '10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16'],
  6: ['fd00:10:244::/48', 'fd00::/16'],
} as const;
/** Private ranges that no plan should use. */
const RESERVED_RANGES = ['172.17.0.0/16', '100.64.0.0/10'].map(mustParseRange);
/** The number of nodes to plan for when none is given. */
const DEFAULT_NODES = 256;

/** An alternative plan, as in the JSON output. */
export interface Alternative {
  readonly clusterCidr: string;
  readonly nodeMask: number;
  readonly nodes: number;
  readonly addressesPerNode: number | string;
}

/** The best alternatives: with enough nodes, node ranges that fit the pods of a node, and no overlap. */
export function alternativesTo(request: PlanRequest, current: FamilyPlan): readonly Alternative[] {
  const { family } = current.range;
  const wider = maskFor(family, 2 * request.podsPerNode);
  const narrower = maskFor(family, request.podsPerNode + 3);
  const nodeCount = Math.max(request.nodes ?? Math.min(current.nodes, DEFAULT_NODES), 1);
  const bits = Math.ceil(Math.log2(nodeCount));
  const candidates = [
    { network: current.range as Range, nodeMask: wider },
    ...[wider, narrower].map((nodeMask) => ({
      network: freeRange(request, family, nodeMask - bits),
      nodeMask,
    })),
    { network: current.range as Range, nodeMask: narrower },
    { network: freeRange(request, family, wider - bits - 1), nodeMask: wider },
  ];
  const alternatives = new Map<string, Alternative>();
  for (const { network, nodeMask } of candidates) {
    if (!network || nodeMask < network.length || isTaken(request, network)) continue;
    const text = rangeText(network);
    const plan = familyPlan(mustParseRange(text), {
      nodeMask: { ...request.nodeMask, [family]: nodeMask },
      services: request.services,
    });
    const isSame = text === rangeText(current.range) && nodeMask === current.nodeMask;
    if (isSame || plan.nodes < nodeCount) continue;
    alternatives.set(`${text} ${nodeMask}`, {
      clusterCidr: text,
      nodeMask,
      nodes: plan.nodes,
      addressesPerNode: countOf(plan.addressesPerNode),
    });
  }
  return [...alternatives.values()].slice(0, MAX_ALTERNATIVES);
}

/** The longest node mask with this many addresses. IPv6 nodes always get a /64. */
function maskFor(family: 4 | 6, addresses: number): number {
  return family === 6 ? 64 : 32 - Math.ceil(Math.log2(addresses));
}

function isTaken({ services, avoid }: PlanRequest, network: Range): boolean {
  return [...services, ...avoid, ...RESERVED_RANGES].some((reserved) =>
    overlaps(network, reserved),
  );
}

/** The first private network of this length that overlaps nothing. */
function freeRange(request: PlanRequest, family: 4 | 6, length: number): Range | undefined {
  const reserved = [...request.services, ...request.avoid, ...RESERVED_RANGES];
  for (const space of SPACES[family].map(mustParseRange)) {
    if (length < space.length) continue;
    const size = 1n << BigInt((family === 4 ? 32 : 128) - length);
    const end = space.first + (1n << BigInt((family === 4 ? 32 : 128) - space.length));
    let first = space.first;
    while (first < end) {
      const candidate = { family, first, length };
      const blocker = reserved.find((range) => overlaps(candidate, range));
      if (!blocker) return candidate;
      // Continue after the overlapping range, aligned to the network's size.
      const following = blocker.first + (1n << BigInt((family === 4 ? 32 : 128) - blocker.length));
      first = ((following + size - 1n) / size) * size;
    }
  }
  return undefined;
}
