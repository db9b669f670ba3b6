import { parseAddress } from '../../address.ts';
import type { ClusterFacts } from '../../model/clusterFacts.ts';
import type { CidrFinding } from '../cidrFinding.ts';
import { formatCount } from '../formatCount.ts';
import { isInside, overlaps, range, rangeText, sizeOf, type WrittenRange } from '../range.ts';
import { misaligned, rangeFindings } from '../rangeFindings.ts';
import type { ClusterRange } from './clusterRanges.ts';
import { type Limit, type NodesFit, share } from './limits.ts';
import type { NodeUse } from './nodeUse.ts';

export interface ClusterView {
  readonly facts: ClusterFacts;
  readonly ranges: readonly ClusterRange[];
  readonly uses: readonly NodeUse[];
  readonly fits: readonly NodesFit[];
  readonly limits: readonly Limit[];
  readonly avoid: readonly WrittenRange[];
}

/** The used share from which a limit is worth a warning. */
const NEARLY_ALL = 0.9;
/** How many names a finding lists. */
const NAMES = 5;

/** What is wrong with the ranges of a cluster. */
export function clusterFindings(view: ClusterView): CidrFinding[] {
  return [
    ...rangesAlone(view),
    ...contradictions(view),
    ...overlapsOfRanges(view),
    ...overlapsOfNodes(view),
    ...nodesWithoutRange(view),
    ...nodeRanges(view),
    ...strayAddresses(view),
    ...scarcity(view),
  ];
}

function nameOf({ use, range: one }: ClusterRange): string {
  return `the range of ${use} ${rangeText(one)}`;
}

function rangesAlone({ ranges, avoid, facts }: ClusterView): CidrFinding[] {
  const bridges = facts.nodes.flatMap(({ name, namespaces }) =>
    namespaces.flatMap(({ links = [] }) =>
      links
        .filter((link) => link.name === 'docker0')
        .flatMap(({ addresses }) => addresses)
        .filter(({ scope }) => scope === 'global')
        .map(({ address, prefixLength }) => ({ name, one: range(`${address}/${prefixLength}`) })),
    ),
  );
  return ranges
    .filter(({ isExact }) => isExact)
    .flatMap((known) => [
      ...misaligned(known.range),
      ...rangeFindings(known.range, nameOf(known), avoid),
      ...bridges
        .filter(({ one }) => overlaps(one, known.range))
        .map(
          ({ name, one }): CidrFinding => ({
            kind: 'overlap',
            severity: 'error',
            what: `${nameOf(known)} overlaps docker0 of ${name} (${one.written})`,
          }),
        ),
    ]);
}

/** Sources that name different pod ranges, neither inside the other. There may be several address pools. */
function contradictions({ ranges }: ClusterView): CidrFinding[] {
  const written = ranges.filter(
    ({ use, isExact, isBlocks }) => use === 'pods' && isExact && !isBlocks,
  );
  return written.flatMap((one, at) =>
    written
      .slice(at + 1)
      .filter(
        (other) =>
          other.range.family === one.range.family &&
          !isInside(one.range, other.range) &&
          !isInside(other.range, one.range) &&
          !other.sources.some((source) => one.sources.includes(source)),
      )
      .map(
        (other): CidrFinding => ({
          kind: 'ranges-disagree',
          severity: 'warning',
          what: `the range of pods is ${one.range.written} by ${one.sources.join(', ')}, and ${other.range.written} by ${other.sources.join(', ')}`,
          fix: 'use the same range in all of them, and restart the components that read them',
        }),
      ),
  );
}

function overlapsOfRanges({ ranges, facts, uses }: ClusterView): CidrFinding[] {
  const pods = ranges.filter(({ use, isExact }) => use === 'pods' && isExact);
  const services = ranges.filter(({ use, isExact }) => use === 'services' && isExact);
  const found: CidrFinding[] = [];
  for (const service of services) {
    for (const pod of pods) {
      if (!overlaps(service.range, pod.range)) continue;
      const touched = uses.some((use) =>
        use.ranges.some((own) => overlaps(own.range, service.range)),
      );
      found.push({
        kind: touched ? 'overlap' : 'services-inside',
        severity: touched ? 'error' : 'warning',
        what: touched
          ? `${nameOf(service)} overlaps the ranges of nodes in ${rangeText(pod.range)}: a service and a pod can get the same address`
          : `${nameOf(service)} and ${nameOf(pod)} overlap: ranges in the overlap are not given to nodes`,
      });
    }
  }
  // Each node address is compared by itself: the smallest range with all of them may also hold other addresses.
  for (const known of [...pods, ...services]) {
    const inside = (facts.objects.nodes ?? []).filter(({ addresses }) =>
      addresses.some(({ type, address }) => type === 'InternalIP' && holds(known.range, address)),
    );
    if (inside.length > 0)
      found.push({
        kind: 'overlap',
        severity: 'error',
        what: `${nameOf(known)} holds the addresses of ${names(inside)}: pods cannot reach these nodes`,
      });
  }
  return found;
}

function holds({ family, first, length }: WrittenRange, text: string): boolean {
  const address = parseAddress(text);
  return (
    address?.family === family &&
    address.value >= first &&
    address.value < first + sizeOf({ family, first, length })
  );
}

function overlapsOfNodes({ uses, ranges }: ClusterView): CidrFinding[] {
  const all = uses
    .flatMap(({ name, ranges: own }) => own.map((one) => ({ name, ...one })))
    .sort((one, other) => (one.range.first < other.range.first ? -1 : 1));
  const found: CidrFinding[] = [];
  for (const [at, one] of all.entries()) {
    const next = all.slice(at + 1, at + 2).find((other) => overlaps(one.range, other.range));
    if (next !== undefined && next.name !== one.name)
      found.push({
        kind: 'duplicate-node-range',
        severity: 'error',
        what: `${one.name} (${one.range.written}) and ${next.name} (${next.range.written}) have the same pod addresses`,
        fix: 'drain one of the nodes, delete its node object, and restart its kubelet',
      });
  }
  const pods = ranges.filter(({ use, isExact }) => use === 'pods' && isExact);
  const outside = all.filter(
    (one) =>
      pods.some(({ range: known }) => known.family === one.range.family) &&
      !pods.some(({ range: known }) => isInside(one.range, known)),
  );
  const [first] = outside;
  if (first !== undefined)
    found.push({
      kind: 'node-range-outside',
      severity: 'warning',
      what: `${first.range.written} of ${names(outside)} is not in the range of pods (${pods.map(({ range: known }) => known.written).join(', ')})`,
      fix: 'masquerading, policies and routes that use the range of pods do not include these nodes',
    });
  return found;
}

/** Nodes without a range, when other nodes have one. */
function nodesWithoutRange({ uses, fits }: ClusterView): CidrFinding[] {
  const without = uses.filter(({ ranges }) => ranges.length === 0);
  if (without.length === 0 || without.length === uses.length) return [];
  const isBlocks = fits.some((fit) => fit.isBlocks);
  if (isBlocks) return [];
  const [scarce] = fits.filter(({ total, used }) => used >= total);
  return [
    {
      kind: 'node-without-range',
      severity: 'error',
      what:
        scarce === undefined
          ? `${names(without)}: no range for pods, so pods cannot start there`
          : `${names(without)}: no range for pods, because all ${formatCount(scarce.total)} ranges (/${scarce.nodeMask}) are given to nodes (event CIDRNotAvailable). Pods cannot start there`,
      fix:
        scarce === undefined
          ? `check its events (kubectl describe node ${without[0]?.name}) and the log of the kube-controller-manager (--allocate-node-cidrs)`
          : 'remove nodes that are not needed, to free their ranges; otherwise move to a larger range, which requires a new cluster with most network plugins',
    },
  ];
}

/** Node ranges that are full, or too small for the pod limit; one finding for all similar nodes. */
function nodeRanges({ uses }: ClusterView): CidrFinding[] {
  const found: CidrFinding[] = [];
  const fixed = uses.flatMap(({ name, podLimit, ranges }) =>
    ranges.filter(({ isBlock }) => !isBlock).map((one) => ({ name, podLimit, ...one })),
  );
  const full = fixed.filter(({ used, addresses }) => BigInt(used) >= addresses);
  if (full.length > 0)
    found.push({
      kind: 'node-range-full',
      severity: 'error',
      what: `${names(full)}: all addresses for pods are used`,
      fix: 'check for leaked leases (kubectl netdebug cni node/NAME), or move pods to other nodes',
    });
  const alike = Map.groupBy(
    fixed.filter(
      ({ podLimit, addresses }) => podLimit !== undefined && addresses < BigInt(podLimit),
    ),
    ({ podLimit, range: own }) => `${podLimit} ${own.family} ${own.length}`,
  );
  for (const nodes of alike.values()) {
    const [first] = nodes;
    if (first?.podLimit === undefined) continue;
    found.push({
      kind: 'node-range-too-small',
      severity: 'warning',
      what: `${names(nodes)}: a /${first.range.length} has ${formatCount(first.addresses)} addresses for pods, but the kubelet accepts ${first.podLimit} pods: additional pods get no address and cannot start`,
      fix: 'set --max-pods of the kubelet to the number of addresses',
    });
  }
  return found;
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
      what: `${formatCount(count)} addresses of pods on ${names(stray)} are not in the range of their node, such as ${first.outside[0]}`,
      fix: 'expected with a network plugin that has its own ranges; otherwise delete these pods, which were created with another range',
    },
  ];
}

function scarcity({ limits, fits }: ClusterView): CidrFinding[] {
  return limits
    .filter((limit) => share(limit) >= NEARLY_ALL)
    .filter(({ total }) => !fits.some((fit) => BigInt(fit.total) === total && fit.isBlocks))
    .map(({ what, used, total }) => ({
      kind: BigInt(used) >= total ? 'exhausted' : 'nearly-exhausted',
      severity: 'warning',
      what: `${what}: ${formatCount(used)} of ${formatCount(total)} are used`,
    }));
}

/** The names of nodes; of many, only the first few. */
function names(nodes: readonly { readonly name: string }[]): string {
  const all = [...new Set(nodes.map(({ name }) => name))];
  const shown = all.slice(0, NAMES).join(', ');
  return all.length > NAMES ? `${shown} and ${all.length - NAMES} more` : shown;
}
