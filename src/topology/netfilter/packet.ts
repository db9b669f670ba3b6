/** A packet as far as rules look at it. What is not known is undefined; a rule that asks for it is in doubt. */
export interface TracedPacket {
  readonly source: string;
  readonly destination: string;
  /** `tcp`, `udp`, `sctp`, `icmp`, `ipv6-icmp`, or another name of /etc/protocols. */
  readonly protocol: string;
  readonly sourcePort?: number;
  readonly destinationPort?: number;
  readonly inDevice?: string;
  readonly outDevice?: string;
  /** The bridge ports, for a packet that crosses a bridge and is passed to iptables. */
  readonly inPort?: string;
  readonly outPort?: string;
  readonly mark: number;
  /** The mark of the connection; 0 for a new one, unknown for others. */
  readonly connectionMark?: number;
  /** What connection tracking says of it: the first packet of a connection, or an answer or later one. */
  readonly state: 'new' | 'established' | 'untracked';
  /** This connection's destination or source was translated on this node. */
  readonly destinationTranslated?: boolean;
  readonly sourceTranslated?: boolean;
}

/** What rules ask of the node rather than of the packet. */
export interface Surroundings {
  /** True for an address of the node itself. */
  isLocal(address: string): boolean | undefined;
  /** True when the way back to an address leads through the device (rpfilter, fib). */
  reversePath?(source: string, device: string): boolean | undefined;
  /** The address that MASQUERADE would use. */
  addressOf(device: string, family: 4 | 6): string | undefined;
}

export function familyOfPacket(packet: TracedPacket): 4 | 6 {
  return packet.destination.includes(':') ? 6 : 4;
}
