/** A route of any table, as `ip -j -d route show table all` prints it, or an answer of `ip route get`. */
export interface Route {
  readonly family: 'inet' | 'inet6';
  /** unicast, local, broadcast, multicast, anycast, blackhole, unreachable, prohibit or throw. */
  readonly type: string;
  /** An address or prefix; `default`. */
  readonly destination: string;
  /** The source prefix of a source-specific IPv6 route. */
  readonly source?: string;
  /** The table's name or number: main, local, 100 … */
  readonly table: string;
  readonly gateway?: string;
  /** Absent for blackhole and the like, and where there are several next hops. */
  readonly device?: string;
  /** kernel, boot, static, bird, ra, dhcp or a number. */
  readonly protocol?: string;
  readonly scope?: string;
  readonly preferredSource?: string;
  readonly metric?: number;
  /** onlink, linkdown, dead, pervasive … */
  readonly flags: readonly string[];
  /** A route's own MTU. */
  readonly mtu?: number;
  /** Of a route with several next hops; empty otherwise. */
  readonly nextHops: readonly NextHop[];
}

export interface NextHop {
  readonly gateway?: string;
  readonly device?: string;
  readonly weight?: number;
  readonly flags: readonly string[];
}

/** A rule of the routing policy, as `ip -j rule` prints it; IPv6 rules beside those of IPv4. */
export interface Rule {
  readonly family: 'inet' | 'inet6';
  readonly priority: number;
  /** A prefix, or `all`. */
  readonly source: string;
  readonly destination: string;
  readonly inputDevice?: string;
  readonly outputDevice?: string;
  /** As ip prints them: hexadecimal. */
  readonly mark?: string;
  readonly mask?: string;
  /** The table that is looked up; absent where an action is taken instead. */
  readonly table?: string;
  /** unreachable, blackhole, prohibit, nop, goto … */
  readonly action?: string;
  /** Whether `not` inverts the selector. */
  readonly inverted?: boolean;
  /** Routes with a prefix of at most this length are ignored. */
  readonly suppressPrefixLength?: number;
  /** Of port and protocol selectors: as ip prints them. */
  readonly protocol?: string;
  readonly sourcePort?: string;
  readonly destinationPort?: string;
}
