/** A network device, as `ip -j -d -s link` and `ip -j addr` describe it in one network namespace. */
export interface Link {
  readonly ifindex: number;
  readonly name: string;
  readonly altNames?: readonly string[];
  /** As ip prints them: UP, LOWER_UP, NO-CARRIER (ip's own addition), LOOPBACK, POINTOPOINT … */
  readonly flags: readonly string[];
  readonly mtu: number;
  /** IF_OPER state: UP, DOWN, UNKNOWN, LOWERLAYERDOWN, NOTPRESENT, DORMANT or TESTING. */
  readonly state: string;
  /** The hardware type: ether, loopback, none, ipip, sit … */
  readonly type: string;
  /** The link-layer address; of a tunnel without one (ipip) absent. */
  readonly mac?: string;
  /** The driver's kind: bridge, veth, vxlan, vlan, macvlan, ipvlan, bond, vrf, tun …; absent for hardware. */
  readonly kind?: string;
  /** The kind's own parameters under iproute2's names (`info_data`), such as a VXLAN's id, local, port. */
  readonly data: Readonly<Record<string, unknown>>;
  /** The name of the bridge, bond or VRF that it is a port of. */
  readonly master?: string;
  /** `bridge`, `bond` or `vrf`: the kind of the master. */
  readonly portKind?: string;
  /** Parameters as a port (`info_slave_data`): of a bridge state, hairpin, isolated, learning … */
  readonly portData: Readonly<Record<string, unknown>>;
  /** The peer of a veth or netkit; the device below a VLAN, macvlan or tunnel. */
  readonly link?: LinkReference;
  readonly addresses: readonly LinkAddress[];
  readonly counters?: LinkCounters;
}

/**
 * Another device, by name where it is in the same network namespace. Otherwise by its ifindex in the
 * namespace that the referring one numbers `netnsid`; a namespace without a number has no `netnsid`.
 */
export interface LinkReference {
  readonly name?: string;
  readonly ifindex?: number;
  readonly netnsid?: number;
}

export interface LinkAddress {
  readonly family: 'inet' | 'inet6';
  readonly address: string;
  readonly prefixLength: number;
  /** The other end of a point-to-point address. */
  readonly peer?: string;
  /** global, link, host or site. */
  readonly scope: string;
  /** Those that are set of: tentative, dadfailed, deprecated, secondary, noprefixroute, dynamic … */
  readonly flags: readonly string[];
}

/** Since the device exists. */
export interface LinkCounters {
  readonly rx: DirectionCounters;
  readonly tx: DirectionCounters;
}

export interface DirectionCounters {
  readonly bytes: number;
  readonly packets: number;
  readonly errors: number;
  readonly dropped: number;
}
