import { hasFinished } from '../../../kube/pod.ts';
import { parseAddress } from '../../address.ts';
import type { NodeObject, PodObject } from '../../model/apiObjects.ts';
import type { ClusterFacts } from '../../model/clusterFacts.ts';
import { usableAddresses } from '../capacity.ts';
import { parseRange, sizeOf, type WrittenRange } from '../range.ts';

/** A range that a node's pods get their addresses from. */
export interface NodeRange {
  readonly range: WrittenRange;
  readonly source: string;
  /** How many addresses are for pods: all but the network's, the gateway's and, in IPv4, the broadcast address. */
  readonly addresses: bigint;
  /** How many of them are used by pods, or leased by host-local if the leases were read. */
  readonly used: number;
  /** Whether it is a block: a node gets another one on demand (Calico). */
  readonly isBlock: boolean;
}

/** The pod ranges of a node and their use. */
export interface NodeUse {
  readonly name: string;
  readonly ranges: readonly NodeRange[];
  /** Pods that have not finished, including those of the host network, because the kubelet counts all of them. */
  readonly pods: number;
  /** The kubelet's pod limit; absent if the node does not report it. */
  readonly podLimit?: number;
  /** Addresses of its pods outside of all its ranges. */
  readonly outside: readonly string[];
}

/** Counts the used addresses and the pods of every node. */
export function nodeUses(facts: ClusterFacts): readonly NodeUse[] {
  const { nodes = [], pods = [], ranges = [] } = facts.objects;
  const podsOf = Map.groupBy(pods.filter(isAlive), ({ node }) => node);
  const rangesOf = Map.groupBy(ranges, ({ node }) => node);
  const leasesOf = new Map(
    facts.nodes.map(({ name, cni }) => [name, (cni?.leases ?? []).map(({ address }) => address)]),
  );
  return nodes.map((node) => {
    const nodePods = podsOf.get(node.name) ?? [];
    const learned = (rangesOf.get(node.name) ?? []).flatMap(({ cidr, source, blocks }) => {
      const range = parseRange(cidr);
      return range ? [{ range, source, isBlock: blocks === true }] : [];
    });
    const nodeRanges = learned.length > 0 ? learned : rangesOfObject(node);
    const addresses = nodePods.flatMap((pod) => (pod.hostNetwork ? [] : pod.addresses));
    const { counts, outside } = count(
      nodeRanges.map(({ range }) => range),
      addresses,
      leasesOf.get(node.name) ?? [],
    );
    return {
      name: node.name,
      ranges: nodeRanges.map(({ range, source, isBlock }, at) => ({
        range,
        source,
        addresses: isBlock ? sizeOf(range) : forPods(range),
        used: counts[at] ?? 0,
        isBlock,
      })),
      pods: nodePods.length,
      ...(node.podLimit !== undefined && { podLimit: node.podLimit }),
      outside: nodeRanges.length === 0 ? [] : outside,
    };
  });
}

/** A finished pod has released its address. */
function isAlive({ phase }: PodObject): boolean {
  return !hasFinished(phase);
}

function forPods({ family, length }: WrittenRange): bigint {
  const usable = usableAddresses(family, length);
  return usable > 0n ? usable - 1n : 0n;
}

/** The ranges in `spec.podCIDRs`, or in OVN-Kubernetes's annotation. */
function rangesOfObject({ podCidrs, annotations }: NodeObject) {
  const ovn = ovnSubnets(annotations['k8s.ovn.org/node-subnets']);
  const source = ovn.length > 0 ? 'k8s.ovn.org/node-subnets' : 'spec.podCIDRs';
  return (ovn.length > 0 ? ovn : podCidrs).flatMap((text) => {
    const range = parseRange(text);
    return range ? [{ range, source, isBlock: false }] : [];
  });
}

/** Reads `{"default":["10.128.0.0/23"]}`, or a single text instead of the list. */
function ovnSubnets(text: string | undefined): string[] {
  try {
    const subnets: unknown = JSON.parse(text ?? '{}').default;
    return [subnets].flat().filter((subnet) => typeof subnet === 'string');
  } catch {
    return [];
  }
}

/** Counts the distinct addresses in each range, and lists pod addresses outside of all of them. */
function count(
  ranges: readonly WrittenRange[],
  podAddresses: readonly string[],
  leased: readonly string[],
): { counts: number[]; outside: string[] } {
  const assigned = ranges.map(() => new Set<bigint>());
  const outside: string[] = [];
  const families = new Set(ranges.map(({ family }) => family));
  const add = (text: string): boolean => {
    const address = parseAddress(text);
    // Ignore families in which the node has no range.
    if (!address || !families.has(address.family)) return true;
    const index = ranges.findIndex(
      (range) =>
        range.family === address.family &&
        address.value >= range.first &&
        address.value < range.first + sizeOf(range),
    );
    assigned[index]?.add(address.value);
    return index >= 0;
  };
  for (const text of podAddresses) if (!add(text)) outside.push(text);
  for (const text of leased) add(text);
  return { counts: assigned.map(({ size }) => size), outside };
}
