/** The protocols that carry one packet inside another. */
export type Tunnel = 'none' | 'vxlan' | 'geneve' | 'gre' | 'ipip' | 'gtp' | 'teredo' | 'ayiya';

/** The network layer of a packet. */
export const NETWORK = { none: 0, ipv4: 4, ipv6: 6, arp: 2, other: 1 } as const;

/** IP protocol numbers (IANA). */
export const PROTOCOL = {
  hopByHop: 0,
  icmp: 1,
  ipv4: 4,
  tcp: 6,
  udp: 17,
  ipv6: 41,
  routing: 43,
  fragment: 44,
  gre: 47,
  authentication: 51,
  icmpv6: 58,
  noNext: 59,
  destination: 60,
} as const;

/** Flags of a TCP header. */
export const FLAG = { fin: 0x01, syn: 0x02, rst: 0x04, psh: 0x08, ack: 0x10, urg: 0x20 } as const;

/**
 * One decoded packet. The object is created once and reused, so that no memory is allocated for each packet. All
 * positions (`…At`, `…End`) are indexes into `bytes`, which belongs to the reader and is valid until its next packet.
 * Lengths come from the headers, not from the captured length.
 *
 * decodeFrame() fills it with the outermost packet, enterTunnel() with the one inside.
 */
export class Packet {
  bytes: Uint8Array = new Uint8Array(0);
  /** The end of the captured part. */
  end = 0;
  /** The end on the wire: beyond `end` if the snap length truncated the packet. */
  wireEnd = 0;

  /** The EtherType of the payload; 0 if the link layer has none. */
  etherType = 0;
  /** The ID of the innermost VLAN tag, or -1. */
  vlan = -1;
  /**
   * Linux cooked captures: the packet type, 0 to us, 4 sent by us (if_packet.h), or -1; and the interface index, or 0.
   */
  packetType = -1;
  deviceIndex = 0;

  /** A value of NETWORK, and the start of that header. */
  network: number = NETWORK.none;
  networkAt = 0;
  /** IP: the positions of the addresses, and the length of each (4 or 16). */
  sourceAt = 0;
  destinationAt = 0;
  addressBytes = 4;
  ttl = 0;
  /** The identification of IPv4 or of an IPv6 fragment header; -1 without one. */
  ipId = -1;
  dontFragment = false;
  /** Bytes from the IP header to the end of its payload. */
  ipLength = 0;
  /** The length field was 0: segmentation offload (TSO, BIG TCP). The length is then taken from the frame. */
  offloaded = false;
  /** In bytes. A packet with an offset, or with moreFragments, is a fragment. */
  fragmentOffset = 0;
  moreFragments = false;

  /** The IP protocol number after extension headers, and the start of its header. */
  protocol = -1;
  transportAt = 0;
  /** The end of the IP payload on the wire. */
  transportEnd = 0;
  /** True if the whole fixed header of TCP, UDP or ICMP was captured; it is then decoded. */
  hasTransport = false;
  /** True if at least the ports of TCP or UDP were captured. */
  hasPorts = false;
  sourcePort = 0;
  destinationPort = 0;
  /** TCP: 32-bit signed, because they are compared modulo 2^32. */
  sequence = 0;
  acknowledgment = 0;
  flags = 0;
  window = 0;
  /** ICMP and ICMPv6. */
  icmpType = 0;
  icmpCode = 0;
  /** The payload of TCP, UDP or ICMP: its start, and its length on the wire in bytes. */
  payloadAt = 0;
  payloadLength = 0;

  /** The innermost tunnel around the packet, its ID (VNI, GRE key; -1 without one), and the number of tunnels. */
  tunnel: Tunnel = 'none';
  tunnelId = -1;
  tunnelDepth = 0;

  /** The end of the captured part of the payload. */
  get payloadEnd(): number {
    const end = this.payloadAt + this.payloadLength;
    return end < this.end ? end : this.end;
  }

  get isFragment(): boolean {
    return this.moreFragments || this.fragmentOffset > 0;
  }

  /** Clears everything above the link layer. */
  resetNetwork(): void {
    this.etherType = 0;
    this.network = NETWORK.none;
    this.networkAt = 0;
    this.ipId = -1;
    this.ipLength = 0;
    this.offloaded = false;
    this.fragmentOffset = 0;
    this.moreFragments = false;
    this.dontFragment = false;
    this.resetTransport();
  }

  resetTransport(): void {
    this.protocol = -1;
    this.hasTransport = false;
    this.hasPorts = false;
    this.sourcePort = 0;
    this.destinationPort = 0;
    this.flags = 0;
    this.payloadAt = this.end;
    this.payloadLength = 0;
  }
}
