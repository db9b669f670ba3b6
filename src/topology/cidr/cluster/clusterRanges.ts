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
export interface RangeFlags {
  readonly pods: readonly WrittenRange[];
  readonly services: readonly WrittenRange[];
}

/** The ranges of a cluster, as configured; otherwise the smallest ranges that cover the known addresses. */
export function clusterRanges(
  { objects }: ClusterFacts,
  flags: RangeFlags,
): readonly ClusterRange[] {
  const { nodes = [], services = [], ranges = [] } = objects;
  const configured: LearnedRange[] = [
    ...flags.pods.map(({ written }) => learnedRange('pods', written, '--cluster-cidr')),
    ...flags.services.map(({ written }) => learnedRange('services', written, '--service-cidr')),
    ...ranges.filter(({ node, atLeast }) => node === undefined && !atLeast),
  ];
  const exact = mergeRanges(configured);
  const covers = (use: ClusterRange['use'], texts: readonly string[], source: string) =>
    ([4, 6] as const).flatMap((family) => {
      const isKnown = exact.some(
        (candidate) => candidate.use === use && candidate.range.family === family,
      );
      const range = isKnown ? undefined : coveringRange(texts, family);
      return range ? [{ use, range, sources: [source], isExact: false, isBlocks: false }] : [];
    });
  const nodeAddresses = nodes.flatMap(({ addresses }) =>
    addresses.filter(({ type }) => type === 'InternalIP').map(({ address }) => address),
  );
  const podCidrs = nodes.flatMap(({ podCidrs: cidrs }) => cidrs);
  const nodeRanges = ranges.filter(({ node }) => node !== undefined).map(({ cidr }) => cidr);
  const addresses = (objects.pods ?? []).flatMap((pod) => (pod.hostNetwork ? [] : pod.addresses));
  const nodeCidrs = [...podCidrs, ...nodeRanges];
  const serviceAddresses = services.flatMap(({ clusterAddresses }) => clusterAddresses);
  return [
    ...covers('nodes', nodeAddresses, 'the addresses of nodes'),
    ...exact.filter(({ use }) => use === 'pods'),
    ...(nodeCidrs.length > 0
      ? covers('pods', nodeCidrs, 'the ranges of nodes')
      : covers('pods', addresses, 'the addresses of pods')),
    ...exact.filter(({ use }) => use === 'services'),
    ...covers('services', serviceAddresses, 'the addresses of services'),
  ];
}

function learnedRange(use: LearnedRange['use'], cidr: string, source: string): LearnedRange {
  return { use, cidr, source };
}

/** Merges equal ranges from several sources. */
function mergeRanges(ranges: readonly LearnedRange[]): ClusterRange[] {
  const rangesByKey = new Map<string, ClusterRange>();
  for (const { use, cidr, source, nodeMask, blocks } of ranges) {
    const range = parseRange(cidr);
    if (!range) continue;
    const key = `${use} ${range.written}`;
    const existing = rangesByKey.get(key);
    const mask = existing?.nodeMask ?? nodeMask;
    rangesByKey.set(key, {
      use,
      range,
      sources: [...new Set([...(existing?.sources ?? []), source])],
      isExact: true,
      ...(mask !== undefined && { nodeMask: mask }),
      isBlocks: existing?.isBlocks === true || blocks === true,
    });
  }
  return [...rangesByKey.values()];
}

/** The smallest range that covers all addresses and ranges of a family. */
function coveringRange(texts: readonly string[], family: 4 | 6): WrittenRange | undefined {
  const bits = family === 4 ? 32 : 128;
  const parsed = texts
    .map((text) => parseRange(text.includes('/') ? text : `${text}/${bits}`))
    .filter((parsedRange) => parsedRange?.family === family) as WrittenRange[];
  if (parsed.length === 0) return undefined;
  const lowest = parsed.reduce(
    (low, { first }) => (first < low ? first : low),
    parsed[0]?.first ?? 0n,
  );
  const length = parsed.reduce((shortest, parsedRange) => {
    let shared = Math.min(shortest, parsedRange.length);
    while (lowest >> BigInt(bits - shared) !== parsedRange.first >> BigInt(bits - shared))
      shared -= 1;
    return shared;
  }, bits);
  const rest = BigInt(bits - length);
  const range: Range = { family, first: (lowest >> rest) << rest, length };
  return { ...range, written: rangeText(range), isAligned: true };
}
