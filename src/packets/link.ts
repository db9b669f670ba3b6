import { decodeIpv4, decodeIpv6 } from './network.ts';
import { i32, u16, u32 } from './numbers.ts';
import { NETWORK, type Packet } from './packet.ts';

/** LINKTYPE_ numbers (tcpdump.org/linktypes.html). */
export const LINK_TYPE = {
  null: 0,
  ethernet: 1,
  ppp: 9,
  /** DLT_RAW, as some systems wrote it. */
  raw12: 12,
  raw14: 14,
  pppHdlc: 50,
  pppEther: 51,
  raw: 101,
  cHdlc: 104,
  loop: 108,
  sll: 113,
  /** PKTAP, before it was assigned its own number. */
  user2: 149,
  ipv4: 228,
  ipv6: 229,
  nflog: 239,
  pktap: 258,
  sll2: 276,
} as const;

const NAMES: Readonly<Record<number, string>> = {
  [LINK_TYPE.null]: 'NULL',
  [LINK_TYPE.ethernet]: 'EN10MB',
  [LINK_TYPE.ppp]: 'PPP',
  [LINK_TYPE.raw12]: 'RAW',
  [LINK_TYPE.raw14]: 'RAW',
  [LINK_TYPE.pppHdlc]: 'PPP_SERIAL',
  [LINK_TYPE.pppEther]: 'PPP_ETHER',
  [LINK_TYPE.raw]: 'RAW',
  [LINK_TYPE.cHdlc]: 'C_HDLC',
  [LINK_TYPE.loop]: 'LOOP',
  [LINK_TYPE.sll]: 'LINUX_SLL',
  [LINK_TYPE.ipv4]: 'IPV4',
  [LINK_TYPE.ipv6]: 'IPV6',
  [LINK_TYPE.nflog]: 'NFLOG',
  [LINK_TYPE.pktap]: 'PKTAP',
  [LINK_TYPE.user2]: 'USER2',
  [LINK_TYPE.sll2]: 'LINUX_SLL2',
};

/** The name that libpcap uses for a link type, or its number if this program cannot decode it. */
export function linkTypeName(linkType: number): string {
  return NAMES[linkType] ?? `${linkType}`;
}

/** EtherTypes (IEEE 802). */
export const ETHER_TYPE = {
  ipv4: 0x0800,
  arp: 0x0806,
  transparentBridging: 0x6558,
  vlan: 0x8100,
  ipv6: 0x86dd,
  mpls: 0x8847,
  mplsMulticast: 0x8848,
  pppoeSession: 0x8864,
  serviceVlan: 0x88a8,
  oldServiceVlan: 0x9100,
} as const;

/** Smaller values are the length field of an IEEE 802.3 frame. */
const MIN_ETHER_TYPE = 0x600;
const PPP_IPV4 = 0x0021;
const PPP_IPV6 = 0x0057;
const SNAP = 0xaaaa;
/** The type of the NFLOG attribute with the packet (NFULA_PAYLOAD). */
const NFLOG_PAYLOAD = 9;
/** The part of a PKTAP header that is read. */
const MIN_PKTAP_BYTES = 12;
/** No real network uses more tags or labels. */
const MAX_TAGS = 8;

/**
 * Decodes the frame in bytes.subarray(start, end), which had `length` bytes on the wire, up to its first TCP, UDP or
 * ICMP header. Truncated, damaged or unknown parts stay undecoded. Never throws.
 */
export function decodeFrame(
  packet: Packet,
  bytes: Uint8Array,
  start: number,
  end: number,
  length: number,
  linkType: number,
): void {
  packet.bytes = bytes;
  packet.end = end;
  // Some writers record an original length smaller than the captured length.
  packet.wireEnd = start + (length > end - start ? length : end - start);
  packet.vlan = -1;
  packet.packetType = -1;
  packet.deviceIndex = 0;
  packet.tunnel = 'none';
  packet.tunnelId = -1;
  packet.tunnelDepth = 0;
  packet.resetNetwork();
  switch (linkType) {
    case LINK_TYPE.ethernet:
      decodeEthernet(packet, start);
      return;
    case LINK_TYPE.raw:
    case LINK_TYPE.raw12:
    case LINK_TYPE.raw14:
      decodeIp(packet, start);
      return;
    case LINK_TYPE.ipv4:
      decodeEtherType(packet, ETHER_TYPE.ipv4, start);
      return;
    case LINK_TYPE.ipv6:
      decodeEtherType(packet, ETHER_TYPE.ipv6, start);
      return;
    case LINK_TYPE.sll:
      if (start + 16 > end) return;
      packet.packetType = u16(bytes, start);
      decodeEtherType(packet, u16(bytes, start + 14), start + 16);
      return;
    case LINK_TYPE.sll2:
      if (start + 20 > end) return;
      packet.deviceIndex = i32(bytes, start + 4);
      packet.packetType = bytes[start + 10] as number;
      decodeEtherType(packet, u16(bytes, start), start + 20);
      return;
    case LINK_TYPE.null:
    case LINK_TYPE.loop:
      // A protocol family. Its number for IPv6 differs by system, so the IP version is used instead.
      decodeIp(packet, start + 4);
      return;
    case LINK_TYPE.ppp:
    case LINK_TYPE.pppHdlc:
      decodePpp(packet, start);
      return;
    case LINK_TYPE.pppEther:
      decodePppoe(packet, start);
      return;
    case LINK_TYPE.cHdlc:
      if (start + 4 <= end) decodeEtherType(packet, u16(bytes, start + 2), start + 4);
      return;
    case LINK_TYPE.nflog:
      decodeNflog(packet, start);
      return;
    case LINK_TYPE.pktap:
    case LINK_TYPE.user2:
      decodePktap(packet, start);
  }
}

/** Decodes the Ethernet header at `at` and what follows it, in a frame or inside a tunnel. */
export function decodeEthernet(packet: Packet, at: number): void {
  const { bytes, end } = packet;
  if (at + 14 > end) return;
  const type = u16(bytes, at + 12);
  if (type >= MIN_ETHER_TYPE) decodeEtherType(packet, type, at + 14);
  else if (at + 22 <= end && u16(bytes, at + 14) === SNAP)
    decodeEtherType(packet, u16(bytes, at + 20), at + 22);
}

/** Decodes the payload of an EtherType, including VLAN tags, PPPoE and MPLS labels. */
export function decodeEtherType(packet: Packet, etherType: number, position: number): void {
  const { bytes, end } = packet;
  let type = etherType;
  let at = position;
  for (let tags = 0; tags <= MAX_TAGS; tags++) {
    packet.etherType = type;
    packet.networkAt = at;
    switch (type) {
      case ETHER_TYPE.ipv4:
        decodeIpv4(packet, at);
        return;
      case ETHER_TYPE.ipv6:
        decodeIpv6(packet, at);
        return;
      case ETHER_TYPE.arp:
        packet.network = NETWORK.arp;
        return;
      case ETHER_TYPE.vlan:
      case ETHER_TYPE.serviceVlan:
      case ETHER_TYPE.oldServiceVlan:
        if (at + 4 > end) return;
        packet.vlan = u16(bytes, at) & 0x0fff;
        type = u16(bytes, at + 2);
        at += 4;
        break;
      case ETHER_TYPE.pppoeSession:
        decodePppoe(packet, at);
        return;
      case ETHER_TYPE.mpls:
      case ETHER_TYPE.mplsMulticast:
        if (at + 4 > end) return;
        at += 4;
        if (((bytes[at - 2] as number) & 1) === 0) break;
        decodeIp(packet, at);
        return;
      default:
        packet.network = NETWORK.other;
        return;
    }
  }
}

/** Decodes an IP packet of either version. */
function decodeIp(packet: Packet, at: number): void {
  if (at >= packet.end) return;
  const version = (packet.bytes[at] as number) >> 4;
  if (version === 4) decodeEtherType(packet, ETHER_TYPE.ipv4, at);
  else if (version === 6) decodeEtherType(packet, ETHER_TYPE.ipv6, at);
}

function decodePppoe(packet: Packet, at: number): void {
  if (at + 6 > packet.end) return;
  const payload = at + 6;
  // Padding may follow, which some senders include in the IP length.
  packet.wireEnd = Math.min(packet.wireEnd, payload + u16(packet.bytes, at + 4));
  decodePpp(packet, payload);
}

/** PPP, with or without HDLC address and control bytes, and with a protocol field of one or two bytes. */
export function decodePpp(packet: Packet, position: number): void {
  const { bytes, end } = packet;
  let at = position;
  if (at + 4 > end) return;
  if (u16(bytes, at) === 0xff03) at += 2;
  const isCompressed = ((bytes[at] as number) & 1) === 1;
  const protocol = isCompressed ? (bytes[at] as number) : u16(bytes, at);
  at += isCompressed ? 1 : 2;
  if (protocol === PPP_IPV4) decodeEtherType(packet, ETHER_TYPE.ipv4, at);
  else if (protocol === PPP_IPV6) decodeEtherType(packet, ETHER_TYPE.ipv6, at);
}

/** NFLOG attributes. Their lengths are in the byte order of the recording machine, which is little-endian today. */
function decodeNflog(packet: Packet, start: number): void {
  const { bytes, end } = packet;
  let at = start + 4;
  while (at + 4 <= end) {
    const length = (bytes[at] as number) | ((bytes[at + 1] as number) << 8);
    const type = (bytes[at + 2] as number) | ((bytes[at + 3] as number) << 8);
    if (length < 4) return;
    if (type === NFLOG_PAYLOAD) {
      packet.wireEnd = at + length;
      decodeIp(packet, at + 4);
      return;
    }
    at += (length + 3) & ~3;
  }
}

/** The macOS header of frames of any link type, little-endian: its length, a type, the link type (bsd/net/pktap.h). */
function decodePktap(packet: Packet, start: number): void {
  const { bytes, end } = packet;
  if (start + MIN_PKTAP_BYTES > end) return;
  const word = (at: number) => swapBytes(u32(bytes, start + at));
  const frame = start + word(0);
  if (word(0) < MIN_PKTAP_BYTES || frame > end) return;
  const linkType = word(8);
  if (linkType === LINK_TYPE.ethernet) decodeEthernet(packet, frame);
  else if (linkType === LINK_TYPE.raw12) decodeIp(packet, frame);
  else if (linkType === LINK_TYPE.null) decodeIp(packet, frame + 4);
}

function swapBytes(value: number): number {
  return (
    (((value & 0xff) << 24) |
      ((value & 0xff00) << 8) |
      ((value >>> 8) & 0xff00) |
      (value >>> 24)) >>>
    0
  );
}
