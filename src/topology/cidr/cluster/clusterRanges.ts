import type { ClusterFacts } from '../../model/clusterFacts.ts';
import type { LearnedRange } from '../../model/learnedRange.ts';
import { parseRange, type Range, rangeText, type WrittenRange } from '../range.ts';

/** A cluster-wide range and its sources. */
export interface ClusterRange {
  readonly use: 'nodes' | 'pods' | 'services';
  readonly range: WrittenRange;
  readonly sources: readonly string[];
  /** False if the range may be larger, because it is only the smallest one that covers the known addresses. */
  readonly isExact: boolean;
  /** The prefix length of the node ranges taken from it. */
  readonly nodeMask?: number;
  /** Whether nodes get blocks of it on demand (Calico). */
  readonly isBlocks: boolean;
}

/** Ranges given by the user, where the cluster does not tell them. */
export interface GivenRanges {
  readonly pods: readonly WrittenRange[];
  readonly services: readonly WrittenRange[];
}

/** The ranges of a cluster, as configured; otherwise the smallest ranges that cover the known addresses. */
export function clusterRanges(
  { objects }: ClusterFacts,
  given: GivenRanges,
): readonly ClusterRange[] {
  const { nodes = [], services = [], ranges = [] } = objects;
  const named: LearnedRange[] = [
    ...given.pods.map(({ written }) => learned('pods', written, '--cluster-cidr')),
    ...given.services.map(({ written }) => learned('services', written, '--service-cidr')),
    ...ranges.filter(({ node, atLeast }) => node === undefined && !atLeast),
  ];
  const exact = merged(named);
  const covers = (use: ClusterRange['use'], texts: readonly string[], source: string) =>
    ([4, 6] as const).flatMap((family) => {
      const isKnown = exact.some((one) => one.use === use && one.range.family === family);
      const range = isKnown ? undefined : cover(texts, family);
      return range ? [{ use, range, sources: [source], isExact: false, isBlocks: false }] : [];
    });
  const nodeAddresses = nodes.flatMap(({ addresses }) =>
    addresses.filter(({ type }) => type === 'InternalIP').map(({ address }) => address),
  );
  const podCidrs = nodes.flatMap(({ podCidrs: own }) => own);
  const nodeRanges = ranges.filter(({ node }) => node !== undefined).map(({ cidr }) => cidr);
  const addresses = (objects.pods ?? []).flatMap((pod) => (pod.hostNetwork ? [] : pod.addresses));
  const ofNodes = [...podCidrs, ...nodeRanges];
  const virtual = services.flatMap(({ clusterAddresses }) => clusterAddresses);
  return [
    ...covers('nodes', nodeAddresses, 'the addresses of nodes'),
    ...exact.filter(({ use }) => use === 'pods'),
    ...(ofNodes.length > 0
      ? covers('pods', ofNodes, 'the ranges of nodes')
      : covers('pods', addresses, 'the addresses of pods')),
    ...exact.filter(({ use }) => use === 'services'),
    ...covers('services', virtual, 'the addresses of services'),
  ];
}

function learned(use: LearnedRange['use'], cidr: string, source: string): LearnedRange {
  return { use, cidr, source };
}

/** Merges equal ranges from several sources. */
function merged(ranges: readonly LearnedRange[]): ClusterRange[] {
  const found = new Map<string, ClusterRange>();
  for (const { use, cidr, source, nodeMask, blocks } of ranges) {
    const range = parseRange(cidr);
    if (!range) continue;
    const key = `${use} ${range.written}`;
    const before = found.get(key);
    const mask = before?.nodeMask ?? nodeMask;
    found.set(key, {
      use,
      range,
      sources: [...new Set([...(before?.sources ?? []), source])],
      isExact: true,
      ...(mask !== undefined && { nodeMask: mask }),
      isBlocks: before?.isBlocks === true || blocks === true,
    });
  }
  return [...found.values()];
}

/** The smallest range that covers all addresses and ranges of a family. */
function cover(texts: readonly string[], family: 4 | 6): WrittenRange | undefined {
  const bits = family === 4 ? 32 : 128;
  const all = texts
    .map((text) => parseRange(text.includes('/') ? text : `${text}/${bits}`))
    .filter((one) => one?.family === family) as WrittenRange[];
  if (all.length === 0) return undefined;
  const least = all.reduce((low, { first }) => (first < low ? first : low), all[0]?.first ?? 0n);
  const length = all.reduce((short, one) => {
    let shared = Math.min(short, one.length);
    while (least >> BigInt(bits - shared) !== one.first >> BigInt(bits - shared)) shared -= 1;
    return shared;
  }, bits);
  const rest = BigInt(bits - length);
  const range: Range = { family, first: (least >> rest) << rest, length };
  return { ...range, written: rangeText(range), isAligned: true };
}
