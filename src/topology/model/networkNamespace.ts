import type { FdbEntry } from '../../tools/ip/fdb.ts';
import type { Link } from '../../tools/ip/link.ts';
import type { Neighbour } from '../../tools/ip/neighbour.ts';
import type { Qdisc } from '../../tools/ip/qdisc.ts';
import type { Route } from '../../tools/ip/route.ts';
import type { RoutingRule } from '../../tools/ip/rule.ts';
import type { Listener } from '../../tools/listeners.ts';
import type { ConntrackFacts, NetfilterFacts } from './netfilterFacts.ts';
import type { RouteAnswer } from './routeAnswer.ts';
import type { Unknown } from './unknown.ts';

/** A network namespace of a node and everything that was read in it. */
export interface NetworkNamespace {
  /** The inode of its nsfs file, which names it on its node. */
  readonly inode: number;
  readonly owner: NamespaceOwner;
  /** How many processes are in it; 0 for one that a mount alone keeps. Absent where the node was not entered. */
  readonly processCount?: number;
  /** The lowest id of a process in it, that process's user and command line, as lsns chooses them. */
  readonly pid?: number;
  readonly user?: string;
  readonly command?: string;
  /** The host's number for it; absent where the host has given it none. */
  readonly netnsid?: number;
  /** Where it is mounted. */
  readonly mounts: readonly NsfsMount[];
  /** The numbers that this namespace has given to others (`ip netns list-id`). */
  readonly netnsids?: readonly number[];

  readonly links?: readonly Link[];
  /** Of all tables, both families. */
  readonly routes?: readonly Route[];
  readonly rules?: readonly RoutingRule[];
  readonly neighbours?: readonly Neighbour[];
  readonly fdb?: readonly FdbEntry[];
  readonly qdiscs?: readonly Qdisc[];
  /** Offloads that matter to tunnels, by device and feature (`ethtool -k`): tx-checksum-ip-generic … */
  readonly offloads?: Readonly<Record<string, Readonly<Record<string, boolean>>>>;
  /** By path below /proc/sys/net: `ipv4/ip_forward`, `ipv4/conf/eth0/rp_filter`. */
  readonly sysctls?: Readonly<Record<string, string>>;
  /** SNMP counters of the kernel by nstat's names: IpForwDatagrams, TcpExtListenDrops, UdpInCsumErrors … */
  readonly counters?: Readonly<Record<string, number>>;
  readonly listeners?: readonly Listener[];
  readonly conntrack?: ConntrackFacts;
  readonly netfilter?: NetfilterFacts;
  /** Of a pod: /etc/resolv.conf as its processes see it; of the host: the node's own. */
  readonly resolvConf?: string;
  /** What the kernel answered when it was asked for routes. */
  readonly answers: readonly RouteAnswer[];
  readonly unknown: readonly Unknown[];
}

/** Whose it is, as far as control groups, the runtime, the CNI cache and the API server tell. */
export type NamespaceOwner =
  | { readonly kind: 'host' }
  | {
      readonly kind: 'pod';
      /** Of a static pod the hash that its kubelet uses. */
      readonly uid?: string;
      readonly name?: string;
      readonly namespace?: string;
    }
  /** A container that is not Kubernetes's, such as one of Docker. */
  | { readonly kind: 'container'; readonly id: string }
  /** A namespace of neither, such as one of a service or of `ip netns add`. */
  | { readonly kind: 'other' };

/** A mount of type nsfs, found in the mountinfo of some process. */
export interface NsfsMount {
  readonly path: string;
  /** The mount namespace in which it was seen. */
  readonly mntns: number;
}
