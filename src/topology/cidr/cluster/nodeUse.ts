import { hasFinished } from '../../../kube/pod.ts';
import { parseAddress } from '../../address.ts';
import type { NodeObject, PodObject } from '../../model/apiObjects.ts';
import type { ClusterFacts } from '../../model/clusterFacts.ts';
import { usableAddresses } from '../capacity.ts';
import { parseRange, sizeOf, type WrittenRange } from '../range.ts';

/** A range from which the pods of a node get their addresses. */
export interface NodeRange {
  readonly range: WrittenRange;
  readonly source: string;
  /** Addresses for pods: all but the network's, the gateway's and, in IPv4, the broadcast address. */
  readonly addresses: bigint;
  /** How many of them pods have, or leases of host-local where these were read. */
  readonly used: number;
  /** A node gets another one when it needs it (Calico). */
  readonly isBlock: boolean;
}

/** What a node has for pods, and what it uses of that. */
export interface NodeUse {
  readonly name: string;
  readonly ranges: readonly NodeRange[];
  /** Pods that have not ended, those of the host's network among them: the kubelet counts all. */
  readonly pods: number;
  /** How many pods the kubelet runs at most; absent where the node does not say. */
  readonly podLimit?: number;
  /** Addresses of its pods that are in none of the ranges. */
  readonly outside: readonly string[];
}

/** Counts addresses and pods of every node. */
export function nodeUses(facts: ClusterFacts): readonly NodeUse[] {
  const { nodes = [], pods = [], ranges = [] } = facts.objects;
  const podsOf = Map.groupBy(pods.filter(isAlive), ({ node }) => node);
  const rangesOf = Map.groupBy(ranges, ({ node }) => node);
  const leasesOf = new Map(
    facts.nodes.map(({ name, cni }) => [name, (cni?.leases ?? []).map(({ address }) => address)]),
  );
  return nodes.map((node) => {
    const own = podsOf.get(node.name) ?? [];
    const learned = (rangesOf.get(node.name) ?? []).flatMap(({ cidr, source, blocks }) => {
      const range = parseRange(cidr);
      return range ? [{ range, source, isBlock: blocks === true }] : [];
    });
    const parts = learned.length > 0 ? learned : rangesOfObject(node);
    const addresses = own.flatMap((pod) => (pod.hostNetwork ? [] : pod.addresses));
    const { counts, outside } = count(
      parts.map(({ range }) => range),
      addresses,
      leasesOf.get(node.name) ?? [],
    );
    return {
      name: node.name,
      ranges: parts.map(({ range, source, isBlock }, at) => ({
        range,
        source,
        addresses: isBlock ? sizeOf(range) : forPods(range),
        used: counts[at] ?? 0,
        isBlock,
      })),
      pods: own.length,
      ...(node.podLimit !== undefined && { podLimit: node.podLimit }),
      outside: parts.length === 0 ? [] : outside,
    };
  });
}

/** A pod that has ended has given its address back. */
function isAlive({ phase }: PodObject): boolean {
  return !hasFinished(phase);
}

function forPods({ family, length }: WrittenRange): bigint {
  const usable = usableAddresses(family, length);
  return usable > 0n ? usable - 1n : 0n;
}

/** `spec.podCIDRs`, or what OVN-Kubernetes writes into an annotation. */
function rangesOfObject({ podCidrs, annotations }: NodeObject) {
  const ovn = ovnSubnets(annotations['k8s.ovn.org/node-subnets']);
  const source = ovn.length > 0 ? 'k8s.ovn.org/node-subnets' : 'spec.podCIDRs';
  return (ovn.length > 0 ? ovn : podCidrs).flatMap((text) => {
    const range = parseRange(text);
    return range ? [{ range, source, isBlock: false }] : [];
  });
}

/** `{"default":["10.128.0.0/23"]}`, or one text in the place of the list. */
function ovnSubnets(text: string | undefined): string[] {
  try {
    const subnets: unknown = JSON.parse(text ?? '{}').default;
    return [subnets].flat().filter((one) => typeof one === 'string');
  } catch {
    return [];
  }
}

/** How many different addresses are in each range, and those of pods that are in none. */
function count(
  ranges: readonly WrittenRange[],
  podAddresses: readonly string[],
  leased: readonly string[],
): { counts: number[]; outside: string[] } {
  const taken = ranges.map(() => new Set<bigint>());
  const outside: string[] = [];
  const families = new Set(ranges.map(({ family }) => family));
  const add = (text: string): boolean => {
    const address = parseAddress(text);
    // A family that the node has no range of is not compared.
    if (!address || !families.has(address.family)) return true;
    const at = ranges.findIndex(
      (range) =>
        range.family === address.family &&
        address.value >= range.first &&
        address.value < range.first + sizeOf(range),
    );
    taken[at]?.add(address.value);
    return at >= 0;
  };
  for (const text of podAddresses) if (!add(text)) outside.push(text);
  for (const text of leased) add(text);
  return { counts: taken.map(({ size }) => size), outside };
}
