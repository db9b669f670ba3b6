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
  /** The inode of its nsfs file, which is unique on the node. */
  readonly inode: number;
  readonly owner: NamespaceOwner;
  /** How many processes are in it; 0 if only a mount keeps it. Absent if the node was not entered. */
  readonly processCount?: number;
  /** The process with the lowest id in it, with its user and command line, as in lsns. */
  readonly pid?: number;
  readonly user?: string;
  readonly command?: string;
  /** The id that the host's namespace has assigned to it; absent if there is none. */
  readonly netnsid?: number;
  /** The mounts that keep it. */
  readonly mounts: readonly NsfsMount[];
  /** The ids that this namespace has assigned to others (`ip netns list-id`). */
  readonly netnsids?: readonly number[];

  readonly links?: readonly Link[];
  /** Of all tables and both families. */
  readonly routes?: readonly Route[];
  readonly rules?: readonly RoutingRule[];
  readonly neighbours?: readonly Neighbour[];
  readonly fdb?: readonly FdbEntry[];
  readonly qdiscs?: readonly Qdisc[];
  /** Offloads that matter to tunnels, by device and feature (`ethtool -k`): tx-checksum-ip-generic … */
  readonly offloads?: Readonly<Record<string, Readonly<Record<string, boolean>>>>;
  /** By path relative to /proc/sys/net: `ipv4/ip_forward`, `ipv4/conf/eth0/rp_filter`. */
  readonly sysctls?: Readonly<Record<string, string>>;
  /** The kernel's SNMP counters, with nstat's names: IpForwDatagrams, TcpExtListenDrops, UdpInCsumErrors … */
  readonly counters?: Readonly<Record<string, number>>;
  readonly listeners?: readonly Listener[];
  readonly conntrack?: ConntrackFacts;
  readonly netfilter?: NetfilterFacts;
  /** /etc/resolv.conf of the pod, as its processes see it, or of the node. */
  readonly resolvConf?: string;
  /** The kernel's answers to route questions. */
  readonly answers: readonly RouteAnswer[];
  readonly unknown: readonly Unknown[];
}

/** The owner, as far as control groups, the runtime, the CNI cache and the API server tell it. */
export type NamespaceOwner =
  | { readonly kind: 'host' }
  | {
      readonly kind: 'pod';
      /** For a static pod, the hash that its kubelet uses. */
      readonly uid?: string;
      readonly name?: string;
      readonly namespace?: string;
    }
  /** A container outside of Kubernetes, such as one of Docker. */
  | { readonly kind: 'container'; readonly id: string }
  /** Any other namespace, such as one of a system service or of `ip netns add`. */
  | { readonly kind: 'other' };

/** A mount of type nsfs, found in the mountinfo of a process. */
export interface NsfsMount {
  readonly path: string;
  /** The mount namespace in which it was seen. */
  readonly mntns: number;
}
