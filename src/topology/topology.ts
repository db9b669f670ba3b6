import { hasFinished } from '../kube/pod.ts';
import type { Link } from '../tools/ip/link.ts';
import { isWithin, sameAddress } from './address.ts';
import type { PodObject } from './model/apiObjects.ts';
import type { ClusterFacts } from './model/clusterFacts.ts';
import type { NetworkNamespace } from './model/networkNamespace.ts';
import type { NodeFacts } from './model/nodeFacts.ts';

/** A network namespace and its node. */
export interface Place {
  readonly node: NodeFacts;
  readonly network: NetworkNamespace;
}

/** A device in its namespace. */
export interface Port extends Place {
  readonly link: Link;
}

/** The facts of a cluster, indexed for traces: the owner of an address, the other end of a device. */
export class Topology {
  readonly facts: ClusterFacts;
  readonly #byAddress = new Map<string, Port[]>();
  readonly #podsByAddress = new Map<string, PodObject[]>();

  constructor(facts: ClusterFacts) {
    this.facts = facts;
    for (const node of facts.nodes) {
      for (const network of node.namespaces) {
        for (const link of network.links ?? []) {
          for (const { address, scope } of link.addresses) {
            if (scope === 'host' || scope === 'link') continue;
            append(this.#byAddress, canonical(address), { node, network, link });
          }
        }
      }
    }
    for (const pod of facts.objects.pods ?? []) {
      if (hasFinished(pod.phase)) continue;
      for (const address of pod.addresses) append(this.#podsByAddress, canonical(address), pod);
    }
  }

  /** The devices that have an address, on all nodes that were read. */
  devicesWithAddress(address: string): readonly Port[] {
    return this.#byAddress.get(canonical(address)) ?? [];
  }

  /** The pods that have an address according to the API server. Pods in the host network share the node's address. */
  podsWithAddress(address: string): readonly PodObject[] {
    return this.#podsByAddress.get(canonical(address)) ?? [];
  }

  node(name: string | undefined): NodeFacts | undefined {
    return this.facts.nodes.find((node) => node.name === name);
  }

  hostPlace(node: NodeFacts): Place | undefined {
    const network = node.namespaces.find(({ inode }) => inode === node.hostInode);
    return network && { node, network };
  }

  isHost({ node, network }: Place): boolean {
    return network.inode === node.hostInode;
  }

  /** The network namespace of a pod, on its node. */
  placeOfPod(pod: PodObject): Place | undefined {
    const node = this.node(pod.node);
    if (node === undefined) return undefined;
    if (pod.hostNetwork) return this.hostPlace(node);
    const network = node.namespaces.find(
      ({ owner }) =>
        owner.kind === 'pod' &&
        (owner.uid === pod.uid || (owner.name === pod.name && owner.namespace === pod.namespace)),
    );
    return network && { node, network };
  }

  /** The pod that owns a namespace, as `namespace/name`. */
  podName({ network }: Place): string | undefined {
    const { owner } = network;
    if (owner.kind !== 'pod') return undefined;
    if (owner.name !== undefined) return `${owner.namespace ?? ''}/${owner.name}`;
    const pod = this.facts.objects.pods?.find(({ uid }) => uid === owner.uid);
    return pod && `${pod.namespace}/${pod.name}`;
  }

  device({ node, network }: Place, name: string | undefined): Port | undefined {
    const link = network.links?.find(
      (candidate) => candidate.name === name || candidate.altNames?.includes(name ?? ''),
    );
    return link && { node, network, link };
  }

  /**
   * The other end of a veth or netkit, or the device below a VLAN, macvlan or tunnel. Device names do not identify
   * a device in another namespace. There, it is the device with the right ifindex that points back.
   */
  otherEnd(port: Port): Port | undefined {
    const { node, network, link } = port;
    const { link: reference } = link;
    if (reference === undefined) return undefined;
    if (reference.name !== undefined) return this.device(port, reference.name);
    const isPair = link.kind === 'veth' || link.kind === 'netkit';
    const candidates = node.namespaces
      .filter(
        (peerNamespace) => peerNamespace !== network && this.#canBeNamespaceOf(port, peerNamespace),
      )
      .flatMap((peerNamespace) =>
        (peerNamespace.links ?? [])
          .filter(({ ifindex }) => ifindex === reference.ifindex)
          .filter(
            (peerLink) =>
              !isPair || (peerLink.kind === link.kind && peerLink.link?.ifindex === link.ifindex),
          )
          .map((peerLink) => ({ node, network: peerNamespace, link: peerLink })),
      );
    return candidates.length === 1
      ? candidates[0]
      : candidates.find((candidate) => this.#isMutual(port, candidate));
  }

  /** Whether a namespace can be the one that a device's link_netnsid refers to. */
  #canBeNamespaceOf({ node, network, link }: Port, other: NetworkNamespace): boolean {
    const number = link.link?.netnsid;
    if (network.inode === node.hostInode && number !== undefined && other.netnsid !== undefined) {
      return other.netnsid === number;
    }
    // A device that is not a pair, in a pod, can only be on top of a device of the host.
    return link.kind === 'veth' || link.kind === 'netkit' || other.inode === node.hostInode;
  }

  #isMutual({ node, network }: Port, other: Port): boolean {
    return other.network.inode !== node.hostInode || other.link.link?.netnsid === network.netnsid;
  }

  /** The ports of a bridge, bond or VRF. */
  portsOf({ node, network, link }: Port): Port[] {
    return (network.links ?? [])
      .filter(({ master }) => master === link.name)
      .map((member) => ({ node, network, link: member }));
  }

  /** The bridge, bond or VRF that has the device as a port. */
  master(port: Port): Port | undefined {
    return port.link.master === undefined ? undefined : this.device(port, port.link.master);
  }

  /** Whether a namespace has the address itself. */
  hasAddress({ network }: Place, address: string): boolean | undefined {
    if (network.links === undefined) return undefined;
    const isAssigned = network.links.some((link) =>
      link.addresses.some((assigned) => sameAddress(assigned.address, address)),
    );
    // kube-proxy's IPVS mode and anycast setups have local routes without addresses.
    return (
      isAssigned ||
      (network.routes ?? []).some(
        ({ type, table, destination }) =>
          type === 'local' && table === 'local' && isWithin(destination, address),
      )
    );
  }
}

/** Why a device does not carry packets: it is down, or it has no carrier. Undefined if it carries packets. */
export function linkFault(link: Link): 'down' | 'no-carrier' | undefined {
  if (!link.flags.includes('UP')) return 'down';
  if (link.flags.includes('NO-CARRIER') || link.state === 'LOWERLAYERDOWN') return 'no-carrier';
  return link.state === 'DOWN' ? 'no-carrier' : undefined;
}

function canonical(address: string): string {
  return address.includes(':') ? address.toLowerCase().replace(/\b0+(?=[0-9a-f])/g, '') : address;
}

function append<Value>(map: Map<string, Value[]>, key: string, value: Value): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [value]);
  else list.push(value);
}
