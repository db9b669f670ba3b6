import { isWithin, sameAddress } from '../address.ts';
import { findingOf } from '../findings/catalogue.ts';
import type { NetworkFinding } from '../findings/finding.ts';
import type { ClusterFacts } from '../model/clusterFacts.ts';
import type { CachedResult, Lease } from '../model/cniFacts.ts';
import type { NetworkNamespace } from '../model/networkNamespace.ts';
import type { NodeFacts } from '../model/nodeFacts.ts';
import { samePath } from '../samePath.ts';
import { allocationRanges, isInRange } from './allocationRange.ts';
import { type LeaseState, leaseStates } from './leaseOwners.ts';

/** How many names a finding shows. */
const MAX_SHOWN = 5;

/**
 * What is wrong with the files of a node's CNI plugins: leaked leases, full ranges, and contradictions between
 * cache, leases, live interfaces, the node's pod ranges and its bridge.
 */
export function cniFindings(facts: ClusterFacts, node: NodeFacts): NetworkFinding[] {
  const stateOf = leaseStates(facts, node);
  return [
    ...configurationFindings(node),
    ...leakedLeases(node, stateOf),
    ...fullRanges(node, stateOf),
    ...unreadableFiles(node),
    ...resultFindings(node),
    ...rangeFindings(facts, node),
  ];
}

function configurationFindings(node: NodeFacts): NetworkFinding[] {
  const files = node.cni?.configurations ?? [];
  if (files.some(({ inForce }) => inForce)) return [];
  // Without files, the folders may have been unreadable; that is reported as unknown.
  if (files.length === 0) return [];
  return [
    findingOf({
      kind: 'no-cni-configuration',
      where: { node: node.name },
      evidence: files
        .map(({ path, fault }) => `${path}: ${fault?.reason ?? 'not used'}`)
        .join('\n'),
      values: {},
    }),
  ];
}

function leakedLeases(node: NodeFacts, stateOf: (lease: Lease) => LeaseState): NetworkFinding[] {
  const byNetwork = Map.groupBy(
    (node.cni?.leases ?? []).filter((lease) => stateOf(lease) === 'leaked'),
    ({ network }) => network,
  );
  return [...byNetwork].map(([network, leases]) => {
    const oldest = Math.min(
      ...leases.map(({ modifiedAt = Number.POSITIVE_INFINITY }) => modifiedAt),
    );
    const since = Number.isFinite(oldest)
      ? `, the oldest since ${new Date(oldest * 1000).toISOString()}`
      : '';
    const shown = leases
      .slice(0, MAX_SHOWN)
      .map(({ path, containerId }) => `${path}: no sandbox ${containerId?.slice(0, 13)}`);
    const [first] = leases;
    return findingOf({
      kind: 'leaked-lease',
      where: { node: node.name },
      evidence: [
        ...shown,
        ...(leases.length > MAX_SHOWN
          ? [`and ${leases.length - MAX_SHOWN} more of network ${network}`]
          : []),
      ].join('\n'),
      values: {
        count: `${leases.length}`,
        network,
        since,
        address: first?.address ?? '',
      },
    });
  });
}

function fullRanges(node: NodeFacts, stateOf: (lease: Lease) => LeaseState): NetworkFinding[] {
  const { cni } = node;
  if (!cni) return [];
  return allocationRanges(cni).flatMap((range) => {
    const rangeLeases = cni.leases.filter((lease) => isInRange(range, lease));
    if (rangeLeases.length < range.size) return [];
    const leaked = rangeLeases.filter((lease) => stateOf(lease) === 'leaked').length;
    const finding = findingOf({
      kind: 'range-full',
      where: { node: node.name },
      evidence: `${rangeLeases.length} of ${range.size} addresses of ${range.subnet} (${range.first} to ${range.last}) have a lease, ${leaked} of them without a sandbox`,
      values: { node: node.name, leaked: `${leaked}` },
    });
    return [leaked > 0 ? { ...finding, causedBy: 'leaked-lease' } : finding];
  });
}

function unreadableFiles(node: NodeFacts): NetworkFinding[] {
  const { configurations = [], results = [], leases = [], delegates = [] } = node.cni ?? {};
  return [...configurations, ...results, ...leases, ...delegates].flatMap(({ path, fault }) =>
    fault === undefined
      ? []
      : [
          findingOf({
            kind: 'damaged-cni-file',
            where: { node: node.name },
            evidence: `${path}: ${fault.reason}${fault.detail === undefined ? '' : ` (${fault.detail})`}`,
            values: {},
          }),
        ],
  );
}

/** Compares each cached result with the interface in its namespace. */
function resultFindings(node: NodeFacts): NetworkFinding[] {
  return (node.cni?.results ?? []).flatMap((result) => {
    if (result.ifName === undefined || result.ifName === 'lo') return [];
    const network = networkOf(node, result);
    if (network === undefined) return staleResultFinding(node, result);
    return network.links === undefined ? [] : contradictions(node, result, network);
  });
}

/** The namespace of a result, found by its path, its pod's container, or its pod's name. */
function networkOf(node: NodeFacts, result: CachedResult): NetworkNamespace | undefined {
  const { netns, containerId, podName, podNamespace } = result;
  const paths = [netns, ...result.interfaces.map(({ sandbox }) => sandbox)];
  const byPath = node.namespaces.find(({ mounts }) =>
    mounts.some(({ path }) =>
      paths.some((candidate) => candidate !== undefined && samePath(candidate, path)),
    ),
  );
  if (byPath) return byPath;
  const process = node.processes.find((candidate) => candidate.containerId === containerId);
  if (process) return node.namespaces.find(({ inode }) => inode === process.netns);
  return node.namespaces.find(
    ({ owner }) =>
      owner.kind === 'pod' &&
      podName !== undefined &&
      owner.name === podName &&
      owner.namespace === podNamespace,
  );
}

function staleResultFinding(node: NodeFacts, result: CachedResult): NetworkFinding[] {
  const { containerId, path } = result;
  if (node.runtime === undefined || containerId === undefined) return [];
  if (node.runtime.ids.includes(containerId)) return [];
  if (node.processes.some((process) => process.containerId === containerId)) return [];
  const now = Date.parse(node.collectedAt) / 1000;
  if (result.modifiedAt !== undefined && now - result.modifiedAt < 60) return [];
  return [
    findingOf({
      kind: 'stale-cni-result',
      where: whereOf(node, result),
      evidence: `${path}: sandbox ${containerId.slice(0, 13)} does not exist`,
      values: { node: node.name },
    }),
  ];
}

function contradictions(
  node: NodeFacts,
  result: CachedResult,
  network: NetworkNamespace,
): NetworkFinding[] {
  const where = whereOf(node, result);
  const link = network.links?.find(({ name }) => name === result.ifName);
  const cached = result.addresses.filter(
    ({ interface: index }) =>
      index === undefined ||
      result.interfaces[index] === undefined ||
      result.interfaces[index].name === result.ifName,
  );
  if (!link)
    return [
      findingOf({
        kind: 'interface-missing',
        where,
        evidence: `${result.path} names ${result.ifName}; the namespace has ${network.links?.map(({ name }) => name).join(', ')}`,
        values: { device: result.ifName ?? '', podFlag: podFlagOf(result) },
      }),
    ];
  const findings: NetworkFinding[] = [];
  for (const { address } of cached) {
    const [bareAddress = ''] = address.split('/');
    if (link.addresses.some((linkAddress) => sameAddress(linkAddress.address, bareAddress)))
      continue;
    findings.push(
      findingOf({
        kind: 'address-mismatch',
        where,
        evidence: `${result.path}: ${address}; ${result.ifName} has ${link.addresses.map((linkAddress) => `${linkAddress.address}/${linkAddress.prefixLength}`).join(', ') || 'no address'}`,
        values: { device: result.ifName ?? '' },
      }),
    );
  }
  const mac = result.interfaces.find(
    ({ name, sandbox }) => name === result.ifName && sandbox !== undefined,
  )?.mac;
  if (mac !== undefined && link.mac !== undefined && mac.toLowerCase() !== link.mac.toLowerCase())
    findings.push(
      findingOf({
        kind: 'mac-mismatch',
        where,
        evidence: `${result.path}: ${mac}; ${result.ifName} has ${link.mac}`,
        values: {},
      }),
    );
  findings.push(...leaseContradictions(node, result, cached));
  return findings;
}

/** An address that is in use without a lease will be assigned to another pod next. */
function leaseContradictions(
  node: NodeFacts,
  result: CachedResult,
  addresses: CachedResult['addresses'],
): NetworkFinding[] {
  const leases = (node.cni?.leases ?? []).filter(({ network }) => network === result.network);
  if (leases.length === 0) return [];
  return addresses.flatMap(({ address }) => {
    const [bareAddress = ''] = address.split('/');
    const lease = leases.find((candidate) => sameAddress(candidate.address, bareAddress));
    if (lease && lease.containerId === result.containerId) return [];
    if (lease && lease.containerId === undefined) return [];
    return [
      findingOf({
        kind: 'lease-mismatch',
        where: whereOf(node, result),
        evidence: lease
          ? `${lease.path} is of ${lease.containerId?.slice(0, 13)}, ${result.path} of ${result.containerId?.slice(0, 13)}`
          : `no lease for ${bareAddress} in network ${result.network}, but according to ${result.path} the pod has it`,
        values: { address: bareAddress, isTaken: lease ? 'yes' : 'no' },
      }),
    ];
  });
}

/** Compares the node's pod ranges with its bridge and with what its plugins assign. */
function rangeFindings(facts: ClusterFacts, node: NodeFacts): NetworkFinding[] {
  const { cni } = node;
  const object = facts.objects.nodes?.find(({ name }) => name === node.name);
  const cidrs = object?.podCidrs ?? [];
  if (!cni || cidrs.length === 0) return [];
  const ranges = allocationRanges(cni);
  const family = (text: string) => text.includes(':');
  const isOutside = (subnet: string) => {
    const familyCidrs = cidrs.filter((cidr) => family(cidr) === family(subnet));
    const [base = ''] = subnet.split('/');
    return familyCidrs.length > 0 && !familyCidrs.some((cidr) => isWithin(cidr, base));
  };
  const wrongRanges = ranges.filter(({ subnet }) => isOutside(subnet));
  const findings = wrongRanges.map(({ subnet, network }) =>
    findingOf({
      kind: 'pod-cidr-mismatch',
      where: { node: node.name },
      evidence: `network ${network} assigns ${subnet}; spec.podCIDRs of node ${node.name} is ${cidrs.join(', ')}`,
      values: {},
    }),
  );
  if (wrongRanges.length > 0) return findings;
  const host = node.namespaces.find(({ inode }) => inode === node.hostInode);
  const bridges = cni.results
    .flatMap(({ interfaces }) => interfaces)
    .filter(({ sandbox }) => sandbox === undefined)
    .map(({ name }) => host?.links?.find((link) => link.name === name && link.kind === 'bridge'))
    .filter((link) => link !== undefined);
  for (const bridge of new Set(bridges))
    for (const { address, prefixLength, scope } of bridge.addresses) {
      const subnet = `${address}/${prefixLength}`;
      if (scope !== 'global' || !isOutside(subnet)) continue;
      findings.push(
        findingOf({
          kind: 'bridge-address-mismatch',
          where: { node: node.name, device: bridge.name },
          evidence: `${bridge.name} has ${subnet}; spec.podCIDRs of node ${node.name} is ${cidrs.join(', ')}`,
          values: { device: bridge.name, cidrs: cidrs.join(', ') },
        }),
      );
    }
  return findings;
}

function whereOf(node: NodeFacts, { podName, podNamespace, ifName }: CachedResult) {
  return {
    node: node.name,
    ...(podName !== undefined && { pod: `${podNamespace ?? ''}/${podName}` }),
    ...(ifName !== undefined && { device: ifName }),
  };
}

/** The pod of a result, as arguments for kubectl. */
function podFlagOf({ podName, podNamespace }: CachedResult): string {
  return podName === undefined ? 'POD' : `-n ${podNamespace ?? 'default'} ${podName}`;
}
