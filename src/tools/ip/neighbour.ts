/** An entry of the ARP or neighbour discovery table, as `ip -j -s neigh` prints it. */
export interface Neighbour {
  readonly address: string;
  readonly device: string;
  /** Absent while unresolved. */
  readonly mac?: string;
  /** REACHABLE, STALE, DELAY, PROBE, FAILED, INCOMPLETE, NOARP or PERMANENT; usually one. */
  readonly state: readonly string[];
  /** Those that are set of: router, proxy, extern_learn. */
  readonly flags: readonly string[];
}

/** An entry of a bridge's or a VXLAN device's forwarding table, as `bridge -j -d -s fdb` prints it. */
export interface FdbEntry {
  readonly mac: string;
  /** The bridge port or the VXLAN device. */
  readonly device: string;
  /** The bridge, for an entry of a bridge's own table. */
  readonly master?: string;
  /** Of a VXLAN device: the address of the remote VTEP. */
  readonly destination?: string;
  readonly vlan?: number;
  /** Where they differ from those of the device. */
  readonly vni?: number;
  readonly port?: number;
  /** permanent, static, stale; empty for a learned one. */
  readonly state: string;
  /** self, master, extern_learn, offload, sticky … */
  readonly flags: readonly string[];
}

/** A queueing discipline, as `tc -j -s qdisc` prints it; `clsact` is where eBPF programs are attached. */
export interface Qdisc {
  readonly device: string;
  readonly kind: string;
  readonly dropped: number;
  readonly overlimits: number;
  readonly backlogPackets: number;
  /** Filters of a clsact or ingress one, a line each, as tc prints them; absent when not read. */
  readonly filters?: readonly string[];
}
