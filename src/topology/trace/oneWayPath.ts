import type { Link, LinkCounters } from '../../tools/ip/link.ts';
import { familyOf } from '../address.ts';
import type { RouteQuestion } from '../model/routeAnswer.ts';
import type { MatchedRule } from '../netfilter/evaluateHook.ts';

/** A device that a packet passes, or the point where knowledge ends. */
export interface Hop {
  readonly node?: string;
  /** The inode of the network namespace. */
  readonly netns?: number;
  /** `namespace/name` of the pod that owns the namespace. */
  readonly pod?: string;
  readonly device?: string;
  /** The device's kind (veth, bridge, vxlan …), or `wire`, `outside`, `unknown`. */
  readonly kind: string;
  readonly mtu?: number;
  readonly state?: string;
  readonly ifindex?: number;
  readonly mac?: string;
  readonly addresses?: readonly string[];
  readonly counters?: LinkCounters;
  /** A note in words: next hop, tunnel, bridge ports. */
  readonly detail?: string;
}

/** A decision of a namespace about the packet, by a route or by rules. */
export interface PathDecision {
  readonly node: string;
  readonly netns: number;
  readonly kind: 'route' | 'rules';
  /** For a route: `kernel` if the kernel answered, `tables` if it was derived from the tables. */
  readonly by: 'kernel' | 'tables';
  readonly question?: RouteQuestion;
  /** For rules: prerouting, forward … */
  readonly hook?: string;
  /** The decision, in the notation of ip or of the rules. */
  readonly decision: string;
  readonly rules?: readonly MatchedRule[];
}

/** A translation of the packet's addresses. */
export interface Translation {
  readonly node: string;
  readonly kind: 'dnat' | 'snat';
  readonly from: string;
  readonly to: string;
  /** Other possible results, if the rules choose at random. */
  readonly others: readonly string[];
  /** The service, from names in the rules: `namespace/name:port`. */
  readonly service?: string;
  readonly rule?: string;
}

/** The location of a fault, a doubt or a hop. */
export interface DeviceLocation {
  readonly node?: string;
  readonly netns?: number;
  readonly pod?: string;
  readonly device?: string;
}

/** A fault that a trace found. Findings explain what it means. */
export interface Fault {
  /** A kind of finding. */
  readonly kind: string;
  readonly where: DeviceLocation;
  /** The line that shows it, as printed by its program. */
  readonly evidence: string;
  /** Values for the texts of the finding. */
  readonly values: Readonly<Record<string, string>>;
}

/** Something on the path that is unknown. */
export interface Doubt {
  readonly where: DeviceLocation;
  readonly what: string;
  readonly why: string;
}

export type Direction = 'there' | 'back';

/** The path of a packet in one direction. */
export interface OneWayPath {
  readonly direction: Direction;
  readonly hops: readonly Hop[];
  readonly decisions: readonly PathDecision[];
  readonly nat: readonly Translation[];
  readonly faults: readonly Fault[];
  readonly unknown: readonly Doubt[];
  /** `delivered` at the destination, `left` if it left the cluster, `stopped`, or `unknown`. */
  readonly end: 'delivered' | 'left' | 'stopped' | 'unknown';
}

/** Makes a hop from a device. The device's addresses of the packet's family come first. */
export function hopOf(
  place: { readonly node: { readonly name: string }; readonly network: { readonly inode: number } },
  pod: string | undefined,
  link: Link,
  family: 4 | 6,
  detail?: string,
): Hop {
  const isOther = (address: string) => familyOf(address) !== family;
  return {
    node: place.node.name,
    netns: place.network.inode,
    ...(pod !== undefined && { pod }),
    device: link.name,
    kind: link.kind ?? (link.type === 'loopback' ? 'loopback' : 'device'),
    mtu: link.mtu,
    state: link.state,
    ifindex: link.ifindex,
    ...(link.mac !== undefined && { mac: link.mac }),
    addresses: link.addresses
      .map(({ address, prefixLength }) => `${address}/${prefixLength}`)
      .toSorted((a, b) => Number(isOther(a)) - Number(isOther(b))),
    ...(link.counters && { counters: link.counters }),
    ...(detail !== undefined && { detail }),
  };
}
