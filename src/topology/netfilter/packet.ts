/**
 * The fields of a packet that rules look at. A field is undefined if it is unknown; a rule that needs it is in
 * doubt.
 */
export interface TracedPacket {
  readonly source: string;
  readonly destination: string;
  /** `tcp`, `udp`, `sctp`, `icmp`, `ipv6-icmp`, or another name of /etc/protocols. */
  readonly protocol: string;
  readonly sourcePort?: number;
  readonly destinationPort?: number;
  readonly inDevice?: string;
  readonly outDevice?: string;
  /** The bridge ports, if the packet crosses a bridge that passes packets to iptables. */
  readonly inPort?: string;
  readonly outPort?: string;
  readonly mark: number;
  /** The mark of the connection: 0 for a new connection, otherwise unknown. */
  readonly connectionMark?: number;
  /** The connection tracking state. `established` is any packet after the first, in either direction. */
  readonly state: 'new' | 'established' | 'untracked';
  /** Whether this node has translated the connection's destination or source. */
  readonly destinationTranslated?: boolean;
  readonly sourceTranslated?: boolean;
}

/** The devices on which a packet came to a hook and will leave it, if rules can match them. */
export type DevicesOfPacket = Partial<
  Pick<TracedPacket, 'inDevice' | 'outDevice' | 'inPort' | 'outPort'>
>;

/** The packet at a hook. Devices of earlier hooks are removed. */
export function atHook(packet: TracedPacket, devices: DevicesOfPacket): TracedPacket {
  const { inDevice: _in, outDevice: _out, inPort: _inPort, outPort: _outPort, ...fields } = packet;
  return { ...fields, ...devices };
}

/** What rules need to know about the node. */
export interface NamespaceContext {
  /** Whether the address belongs to the node itself. */
  isLocal(address: string): boolean | undefined;
  /** Whether the route back to the source leads out of the device (rpfilter, fib). */
  reversePath?(source: string, device: string): boolean | undefined;
  /** The address that MASQUERADE would use. */
  addressOf(device: string, family: 4 | 6): string | undefined;
}

export function familyOfPacket(packet: TracedPacket): 4 | 6 {
  return packet.destination.includes(':') ? 6 : 4;
}
