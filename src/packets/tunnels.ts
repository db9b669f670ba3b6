import { decodeEthernet, decodeEtherType, decodePpp, ETHER_TYPE } from './link.ts';
import { u16, u24, u32 } from './numbers.ts';
import { type Packet, PROTOCOL, type Tunnel } from './packet.ts';

/** The port assigned by IANA, and the older default of Linux, which flannel and others still use. */
const VXLAN_PORT = 4789;
export const LINUX_VXLAN_PORT = 8472;
const GENEVE_PORT = 6081;
const GTP_PORT = 2152;
const TEREDO_PORT = 3544;
/** 2001:0000::/32. */
const TEREDO_PREFIX = 0x2001_0000;
const AYIYA_PORT = 5072;

const VXLAN_HEADER_BYTES = 8;
/** The flags of a VXLAN header with a valid VNI; all other bits are 0 (RFC 7348). */
const VXLAN_FLAGS = 0x08;
const GENEVE_HEADER_BYTES = 8;
/** Flags of a GRE header (RFC 2784, 2890). */
const GRE_CHECKSUM = 0x8000;
const GRE_ROUTING = 0x4000;
const GRE_KEY = 0x2000;
const GRE_SEQUENCE = 0x1000;
/** GRE version 1, which carries PPP (RFC 2637). */
const GRE_ACKNOWLEDGMENT = 0x0080;
const GRE_PPP = 0x880b;
const ERSPAN_2 = 0x88be;
const ERSPAN_3 = 0x22eb;
/** Real networks do not nest tunnels deeper. */
const MAX_DEPTH = 4;

/**
 * Replaces the packet with the one that it carries inside a tunnel: VXLAN, Geneve, GRE, IP in IP, GTP, Teredo or AYIYA.
 * Returns false, and leaves the packet unchanged, if it carries none.
 */
export function enterTunnel(packet: Packet): boolean {
  if (packet.tunnelDepth >= MAX_DEPTH || packet.moreFragments || packet.fragmentOffset > 0)
    return false;
  switch (packet.protocol) {
    case PROTOCOL.udp:
      return packet.hasTransport && enterDatagram(packet);
    case PROTOCOL.gre:
      return enterGre(packet);
    case PROTOCOL.ipv4:
      setTunnel(packet, 'ipip', -1);
      decodeEtherType(packet, ETHER_TYPE.ipv4, packet.transportAt);
      return true;
    case PROTOCOL.ipv6:
      setTunnel(packet, 'ipip', -1);
      decodeEtherType(packet, ETHER_TYPE.ipv6, packet.transportAt);
      return true;
    default:
      return false;
  }
}

function enterDatagram(packet: Packet): boolean {
  switch (packet.destinationPort) {
    case VXLAN_PORT:
    case LINUX_VXLAN_PORT:
      return enterVxlan(packet);
    case GENEVE_PORT:
      return enterGeneve(packet);
    case GTP_PORT:
      return enterGtp(packet);
  }
  const { sourcePort, destinationPort } = packet;
  if (sourcePort === TEREDO_PORT || destinationPort === TEREDO_PORT || isTeredoPeer(packet))
    return enterTeredo(packet);
  return (sourcePort === AYIYA_PORT || destinationPort === AYIYA_PORT) && enterAyiya(packet);
}

function enterVxlan(packet: Packet): boolean {
  const { bytes, payloadAt: at } = packet;
  if (at + VXLAN_HEADER_BYTES > packet.payloadEnd || bytes[at] !== VXLAN_FLAGS) return false;
  const id = u24(bytes, at + 4);
  setTunnel(packet, 'vxlan', id);
  decodeEthernet(packet, at + VXLAN_HEADER_BYTES);
  return true;
}

function enterGeneve(packet: Packet): boolean {
  const { bytes, payloadAt: at } = packet;
  if (at + GENEVE_HEADER_BYTES > packet.payloadEnd) return false;
  const first = bytes[at] as number;
  if (first >> 6 !== 0) return false;
  const type = u16(bytes, at + 2);
  const inner = at + GENEVE_HEADER_BYTES + (first & 0x3f) * 4;
  setTunnel(packet, 'geneve', u24(bytes, at + 4));
  if (type === ETHER_TYPE.transparentBridging) decodeEthernet(packet, inner);
  else decodeEtherType(packet, type, inner);
  return true;
}

function enterGre(packet: Packet): boolean {
  const { bytes, transportAt: at } = packet;
  if (at + 4 > packet.end) return false;
  const flags = u16(bytes, at);
  const version = flags & 7;
  const type = u16(bytes, at + 2);
  if (version > 1) return false;
  let inner = at + 4 + ((flags & (GRE_CHECKSUM | GRE_ROUTING)) !== 0 ? 4 : 0);
  const hasKey = (flags & GRE_KEY) !== 0;
  const keyAt = inner;
  if (hasKey) inner += 4;
  const hasSequence = (flags & GRE_SEQUENCE) !== 0;
  if (hasSequence) inner += 4;
  if (version === 1 && (flags & GRE_ACKNOWLEDGMENT) !== 0) inner += 4;
  if (inner > packet.end) return false;
  setTunnel(packet, 'gre', hasKey && version === 0 ? u32(bytes, keyAt) : -1);
  if (type === ETHER_TYPE.transparentBridging) decodeEthernet(packet, inner);
  else if (type === ERSPAN_2) decodeEthernet(packet, inner + (hasSequence ? 8 : 0));
  else if (type === ERSPAN_3) decodeEthernet(packet, inner + 12);
  else if (type === GRE_PPP) decodePpp(packet, inner);
  else decodeEtherType(packet, type, inner);
  return true;
}

/** GTP-U (3GPP TS 29.281): user packets of a mobile network. */
function enterGtp(packet: Packet): boolean {
  const { bytes, payloadAt: at, payloadEnd: end } = packet;
  if (at + 8 > end || (bytes[at] as number) >> 4 !== 3 || bytes[at + 1] !== 255) return false;
  const id = u32(bytes, at + 4);
  let inner = at + 8;
  if (((bytes[at] as number) & 7) !== 0) {
    inner += 4;
    // Extension headers: each begins with its length in words and ends with the type of the next one.
    for (let count = 0; count < 8 && inner < end && bytes[inner - 1] !== 0; count++)
      inner += Math.max(1, bytes[inner] as number) * 4;
  }
  return enterIp(packet, 'gtp', id, inner);
}

/** Teredo (RFC 4380): IPv6 after an optional authentication header and an optional origin header. */
function enterTeredo(packet: Packet): boolean {
  const { bytes, payloadEnd: end } = packet;
  let at = packet.payloadAt;
  if (at + 13 <= end && u16(bytes, at) === 1)
    at += 13 + (bytes[at + 2] as number) + (bytes[at + 3] as number);
  if (at + 8 <= end && u16(bytes, at) === 0) at += 8;
  return at + 40 <= end && (bytes[at] as number) >> 4 === 6 && enterIp(packet, 'teredo', -1, at);
}

/**
 * Traffic between two Teredo peers uses no fixed port. It is recognized as IPv6 of exactly this length with a Teredo
 * address.
 */
function isTeredoPeer({ bytes, payloadAt: at, payloadEnd: end, payloadLength }: Packet): boolean {
  if (bytes[at] !== 0x60 || at + 40 > end || u16(bytes, at + 4) + 40 !== payloadLength)
    return false;
  return u32(bytes, at + 8) === TEREDO_PREFIX || u32(bytes, at + 24) === TEREDO_PREFIX;
}

/** AYIYA (draft-massar-v6ops-ayiya): IPv6 after an identity and a signature. */
function enterAyiya(packet: Packet): boolean {
  const { bytes, payloadAt: at, payloadEnd: end } = packet;
  if (at + 8 > end || bytes[at + 3] !== PROTOCOL.ipv6) return false;
  const identity = 1 << ((bytes[at] as number) >> 4);
  const signature = ((bytes[at + 1] as number) >> 4) * 4;
  return enterIp(packet, 'ayiya', -1, at + 8 + identity + signature);
}

/** Enters a tunnel if an IP packet begins at `at`. */
function enterIp(packet: Packet, tunnel: Tunnel, id: number, at: number): boolean {
  if (at >= packet.payloadEnd) return false;
  const version = (packet.bytes[at] as number) >> 4;
  if (version !== 4 && version !== 6) return false;
  setTunnel(packet, tunnel, id);
  decodeEtherType(packet, version === 4 ? ETHER_TYPE.ipv4 : ETHER_TYPE.ipv6, at);
  return true;
}

function setTunnel(packet: Packet, tunnel: Tunnel, id: number): void {
  const isUdp = packet.protocol === PROTOCOL.udp;
  // The inner packet ends with the outer payload on the wire; the frame may have padding after it.
  packet.wireEnd = isUdp ? packet.payloadAt + packet.payloadLength : packet.transportEnd;
  if (packet.wireEnd < packet.end) packet.end = packet.wireEnd;
  packet.tunnel = tunnel;
  packet.tunnelId = id;
  packet.tunnelDepth += 1;
  packet.vlan = -1;
  packet.resetNetwork();
}
