import { parseAddress } from '../../address.ts';
import type { ClusterFacts } from '../../model/clusterFacts.ts';
import type { CidrFinding } from '../cidrFinding.ts';
import { formatCount } from '../formatCount.ts';
import {
  isInside,
  mustParseRange,
  overlaps,
  rangeText,
  sizeOf,
  type WrittenRange,
} from '../range.ts';
import { misaligned, rangeFindings } from '../rangeFindings.ts';
import type { ClusterRange } from './clusterRanges.ts';
import { type Limit, type NodeCapacity, share } from './limits.ts';
import type { NodeUse } from './nodeUse.ts';

export interface ClusterView {
  readonly facts: ClusterFacts;
  readonly ranges: readonly ClusterRange[];
  readonly uses: readonly NodeUse[];
  readonly capacities: readonly NodeCapacity[];
  readonly limits: readonly Limit[];
  readonly avoid: readonly WrittenRange[];
}

/** The used share from which a limit is worth a warning. */
const WARNING_SHARE = 0.9;
/** How many names a finding lists. */
const MAX_NAMES = 5;

/** What is wrong with the ranges of a cluster. */
export function clusterFindings(view: ClusterView): CidrFinding[] {
  return [
    ...rangeConflicts(view),
    ...contradictions(view),
    ...overlapsOfRanges(view),
    ...overlapsOfNodes(view),
    ...nodesWithoutRange(view),
    ...nodeRanges(view),
    ...strayAddresses(view),
    ...scarceRangeFindings(view),
  ];
}

function nameOf({ use, range }: ClusterRange): string {
  return `the range of ${use} ${rangeText(range)}`;
}

function rangeConflicts({ ranges, avoid, facts }: ClusterView): CidrFinding[] {
  const bridges = facts.nodes.flatMap(({ name, namespaces }) =>
    namespaces.flatMap(({ links = [] }) =>
      links
        .filter((link) => link.name === 'docker0')
        .flatMap(({ addresses }) => addresses)
        .filter(({ scope }) => scope === 'global')
        .map(({ address, prefixLength }) => ({
          name,
          bridgeRange: mustParseRange(`${address}/${prefixLength}`),
        })),
    ),
  );
  return ranges
    .filter(({ isExact }) => isExact)
    .flatMap((clusterRange) => [
      ...misaligned(clusterRange.range),
      ...rangeFindings(clusterRange.range, nameOf(clusterRange), avoid),
      ...bridges
        .filter(({ bridgeRange }) => overlaps(bridgeRange, clusterRange.range))
        .map(
          ({ name, bridgeRange }): CidrFinding => ({
            kind: 'overlap',
            severity: 'error',
            what: `${nameOf(clusterRange)} overlaps docker0 of ${name} (${bridgeRange.written})`,
          }),
        ),
    ]);
}

/** Sources that name different pod ranges, neither inside the other. There may be several address pools. */
function contradictions({ ranges }: ClusterView): CidrFinding[] {
  const exactRanges = ranges.filter(
    ({ use, isExact, isBlocks }) => use === 'pods' && isExact && !isBlocks,
  );
  return exactRanges.flatMap((first, index) =>
    exactRanges
      .slice(index + 1)
      .filter(
        (second) =>
          second.range.family === first.range.family &&
          !isInside(first.range, second.range) &&
          !isInside(second.range, first.range) &&
          !second.sources.some((source) => first.sources.includes(source)),
      )
      .map(
        (second): CidrFinding => ({
          kind: 'ranges-disagree',
          severity: 'warning',
          what: `the range of pods is ${first.range.written} by ${first.sources.join(', ')}, and ${second.range.written} by ${second.sources.join(', ')}`,
          fix: 'use the same range in all of them, and restart the components that read them',
        }),
      ),
  );
}

function overlapsOfRanges({ ranges, facts, uses }: ClusterView): CidrFinding[] {
  const pods = ranges.filter(({ use, isExact }) => use === 'pods' && isExact);
  const services = ranges.filter(({ use, isExact }) => use === 'services' && isExact);
  const findings: CidrFinding[] = [];
  for (const service of services) {
    for (const pod of pods) {
      if (!overlaps(service.range, pod.range)) continue;
      const isAllocated = uses.some((use) =>
        use.ranges.some((nodeRange) => overlaps(nodeRange.range, service.range)),
      );
      findings.push({
        kind: isAllocated ? 'overlap' : 'services-inside',
        severity: isAllocated ? 'error' : 'warning',
        what: isAllocated
          ? `${nameOf(service)} overlaps the ranges of nodes in ${rangeText(pod.range)}: a service and a pod can get the same address`
          : `${nameOf(service)} and ${nameOf(pod)} overlap: ranges in the overlap are not given to nodes`,
      });
    }
  }
  // Each node address is compared by itself: the smallest range with all of them may also hold other addresses.
  for (const clusterRange of [...pods, ...services]) {
    const nodesInside = (facts.objects.nodes ?? []).filter(({ addresses }) =>
      addresses.some(
        ({ type, address }) =>
          type === 'InternalIP' && containsAddress(clusterRange.range, address),
      ),
    );
    if (nodesInside.length > 0)
      findings.push({
        kind: 'overlap',
        severity: 'error',
        what: `${nameOf(clusterRange)} holds the addresses of ${joinNames(nodesInside)}: pods cannot reach these nodes`,
      });
  }
  return findings;
}

function containsAddress({ family, first, length }: WrittenRange, text: string): boolean {
  const address = parseAddress(text);
  return (
    address?.family === family &&
    address.value >= first &&
    address.value < first + sizeOf({ family, first, length })
  );
}

function overlapsOfNodes({ uses, ranges }: ClusterView): CidrFinding[] {
  const nodeRanges = uses
    .flatMap(({ name, ranges: allocated }) =>
      allocated.map((nodeRange) => ({ name, ...nodeRange })),
    )
    .sort((a, b) => (a.range.first < b.range.first ? -1 : 1));
  const findings: CidrFinding[] = [];
  for (const [index, nodeRange] of nodeRanges.entries()) {
    const next = nodeRanges
      .slice(index + 1, index + 2)
      .find((following) => overlaps(nodeRange.range, following.range));
    if (next !== undefined && next.name !== nodeRange.name)
      findings.push({
        kind: 'duplicate-node-range',
        severity: 'error',
        what: `${nodeRange.name} (${nodeRange.range.written}) and ${next.name} (${next.range.written}) have the same pod addresses`,
        fix: 'drain one of the nodes, delete its node object, and restart its kubelet',
      });
  }
  const pods = ranges.filter(({ use, isExact }) => use === 'pods' && isExact);
  const outsideRanges = nodeRanges.filter(
    (nodeRange) =>
      pods.some(({ range: podRange }) => podRange.family === nodeRange.range.family) &&
      !pods.some(({ range: podRange }) => isInside(nodeRange.range, podRange)),
  );
  const [first] = outsideRanges;
  if (first !== undefined)
    findings.push({
      kind: 'node-range-outside',
      severity: 'warning',
      what: `${first.range.written} of ${joinNames(outsideRanges)} is not in the range of pods (${pods.map(({ range: podRange }) => podRange.written).join(', ')})`,
      fix: 'masquerading, policies and routes that use the range of pods do not include these nodes',
    });
  return findings;
}

/** Nodes without a range, when other nodes have one. */
function nodesWithoutRange({ uses, capacities }: ClusterView): CidrFinding[] {
  const nodesWithout = uses.filter(({ ranges }) => ranges.length === 0);
  if (nodesWithout.length === 0 || nodesWithout.length === uses.length) return [];
  const isBlocks = capacities.some((fit) => fit.isBlocks);
  if (isBlocks) return [];
  const [scarce] = capacities.filter(({ total, used }) => used >= total);
  return [
    {
      kind: 'node-without-range',
      severity: 'error',
      what:
        scarce === undefined
          ? `${joinNames(nodesWithout)}: no range for pods, so pods cannot start there`
          : `${joinNames(nodesWithout)}: no range for pods, because all ${formatCount(scarce.total)} ranges (/${scarce.nodeMask}) are given to nodes (event CIDRNotAvailable). Pods cannot start there`,
      fix:
        scarce === undefined
          ? `check its events (kubectl describe node ${nodesWithout[0]?.name}) and the log of the kube-controller-manager (--allocate-node-cidrs)`
          : 'remove nodes that are not needed, to free their ranges; otherwise move to a larger range, which requires a new cluster with most network plugins',
    },
  ];
}

/** Node ranges that are full, or too small for the pod limit; one finding for all similar nodes. */
function nodeRanges({ uses }: ClusterView): CidrFinding[] {
  const findings: CidrFinding[] = [];
  const fixed = uses.flatMap(({ name, podLimit, ranges }) =>
    ranges.filter(({ isBlock }) => !isBlock).map((range) => ({ name, podLimit, ...range })),
  );
  const full = fixed.filter(({ used, addresses }) => BigInt(used) >= addresses);
  if (full.length > 0)
    findings.push({
      kind: 'node-range-full',
      severity: 'error',
      what: `${joinNames(full)}: all addresses for pods are used`,
      fix: 'check for leaked leases (kubectl netdebug cni node/NAME), or move pods to other nodes',
    });
  const similar = Map.groupBy(
    fixed.filter(
      ({ podLimit, addresses }) => podLimit !== undefined && addresses < BigInt(podLimit),
    ),
    ({ podLimit, range }) => `${podLimit} ${range.family} ${range.length}`,
  );
  for (const nodes of similar.values()) {
    const [first] = nodes;
    if (first?.podLimit === undefined) continue;
    findings.push({
      kind: 'node-range-too-small',
      severity: 'warning',
      what: `${joinNames(nodes)}: a /${first.range.length} has ${formatCount(first.addresses)} addresses for pods, but the kubelet accepts ${first.podLimit} pods: additional pods get no address and cannot start`,
      fix: 'set --max-pods of the kubelet to the number of addresses',
    });
  }
  return findings;
}

function strayAddresses({ uses }: ClusterView): CidrFinding[] {
  const stray = uses.filter(({ outside }) => outside.length > 0);
  const [first] = stray;
  if (first === undefined) return [];
  const count = stray.reduce((sum, { outside }) => sum + outside.length, 0);
  return [
    {
      kind: 'pod-outside',
      severity: 'warning',
      what: `${formatCount(count)} addresses of pods on ${joinNames(stray)} are not in the range of their node, such as ${first.outside[0]}`,
      fix: 'expected with a network plugin that has its own ranges; otherwise delete these pods, which were created with another range',
    },
  ];
}

function scarceRangeFindings({ limits, capacities }: ClusterView): CidrFinding[] {
  return limits
    .filter((limit) => share(limit) >= WARNING_SHARE)
    .filter(({ total }) => !capacities.some((fit) => BigInt(fit.total) === total && fit.isBlocks))
    .map(({ what, used, total }) => ({
      kind: BigInt(used) >= total ? 'exhausted' : 'nearly-exhausted',
      severity: 'warning',
      what: `${what}: ${formatCount(used)} of ${formatCount(total)} are used`,
    }));
}

/** The names of nodes; of many, only the first few. */
function joinNames(nodes: readonly { readonly name: string }[]): string {
  const all = [...new Set(nodes.map(({ name }) => name))];
  const shown = all.slice(0, MAX_NAMES).join(', ');
  return all.length > MAX_NAMES ? `${shown} and ${all.length - MAX_NAMES} more` : shown;
}
