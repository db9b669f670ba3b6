import type { Link, LinkCounters } from '../../tools/ip/link.ts';
import { familyOf } from '../address.ts';
import type { RouteQuestion } from '../model/routeAnswer.ts';
import type { PassedRule } from '../netfilter/evaluateHook.ts';

/** One device that a packet passes, or the end of what is known. */
export interface Hop {
  readonly node?: string;
  /** The inode of the network namespace. */
  readonly netns?: number;
  /** `namespace/name` of the pod whose namespace it is. */
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
  /** In words: next hop, tunnel, bridge port. */
  readonly detail?: string;
}

/** What a namespace decided about the packet: a route, or its rules. */
export interface PathDecision {
  readonly node: string;
  readonly netns: number;
  readonly kind: 'route' | 'rules';
  /** A route: the kernel's answer, or worked out from the tables. */
  readonly by: 'kernel' | 'tables';
  readonly question?: RouteQuestion;
  /** Of rules: prerouting, forward … */
  readonly hook?: string;
  /** What was decided, in the words of ip or of the rules. */
  readonly decision: string;
  readonly rules?: readonly PassedRule[];
}

/** A translation of the packet's addresses. */
export interface Translation {
  readonly node: string;
  readonly kind: 'dnat' | 'snat';
  readonly from: string;
  readonly to: string;
  /** Others that it could be, where rules choose by chance. */
  readonly others: readonly string[];
  /** The service by the rules' own names, `namespace/name:port`. */
  readonly service?: string;
  readonly rule?: string;
}

/** Where something is wrong. */
export interface Where {
  readonly node?: string;
  readonly netns?: number;
  readonly pod?: string;
  readonly device?: string;
}

/** Something wrong that a trace met; findings say what it means. */
export interface Fault {
  /** A kind of finding. */
  readonly kind: string;
  readonly where: Where;
  /** The line that shows it, as the program prints it. */
  readonly evidence: string;
  /** Whatever the meaning and the fix name. */
  readonly values: Readonly<Record<string, string>>;
}

/** Something on the way that cannot be known. */
export interface Doubt {
  readonly where: Where;
  readonly what: string;
  readonly why: string;
}

export type Direction = 'there' | 'back';

/** How a packet goes in one direction. */
export interface Way {
  readonly direction: Direction;
  readonly hops: readonly Hop[];
  readonly decisions: readonly PathDecision[];
  readonly nat: readonly Translation[];
  readonly faults: readonly Fault[];
  readonly unknown: readonly Doubt[];
  /** Where it ends: `delivered` at the destination, `left` for what is outside, or stopped. */
  readonly end: 'delivered' | 'left' | 'stopped' | 'unknown';
}

/** A device as a hop; its addresses of the packet's family come first. */
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
      .toSorted((one, other) => Number(isOther(one)) - Number(isOther(other))),
    ...(link.counters && { counters: link.counters }),
    ...(detail !== undefined && { detail }),
  };
}
