import { i32, u16, u32 } from './numbers.ts';
import { NETWORK, type Packet, PROTOCOL } from './packet.ts';
import { decodeTransport } from './transport.ts';

const IPV4_HEADER_BYTES = 20;
const IPV6_HEADER_BYTES = 40;
/** In a hop-by-hop header (RFC 2675): a length of four bytes follows. */
const JUMBO_OPTION = 0xc2;
/** Real packets have fewer extension headers. */
const MAX_EXTENSIONS = 16;

/** Decodes the IPv4 packet at `at`, and its payload unless it is a later fragment. */
export function decodeIpv4(packet: Packet, at: number): void {
  const { bytes, end, wireEnd } = packet;
  if (at + IPV4_HEADER_BYTES > end) return;
  const first = bytes[at] as number;
  const headerBytes = (first & 0x0f) * 4;
  if (first >> 4 !== 4 || headerBytes < IPV4_HEADER_BYTES) return;
  const total = u16(bytes, at + 2);
  const availableBytes = wireEnd - at;
  packet.offloaded = total === 0;
  packet.ipLength = total === 0 ? availableBytes : total;
  if (packet.ipLength < headerBytes) return;
  const fragment = u16(bytes, at + 6);
  packet.network = NETWORK.ipv4;
  packet.networkAt = at;
  packet.ipId = u16(bytes, at + 4);
  packet.dontFragment = (fragment & 0x4000) !== 0;
  packet.moreFragments = (fragment & 0x2000) !== 0;
  packet.fragmentOffset = (fragment & 0x1fff) * 8;
  packet.ttl = bytes[at + 8] as number;
  packet.sourceAt = at + 12;
  packet.destinationAt = at + 16;
  packet.addressBytes = 4;
  packet.protocol = bytes[at + 9] as number;
  packet.transportAt = at + headerBytes;
  packet.transportEnd = at + Math.min(packet.ipLength, availableBytes);
  if (packet.fragmentOffset === 0) decodeTransport(packet);
}

/** Decodes the IPv6 packet at `at`, its extension headers and its payload. */
export function decodeIpv6(packet: Packet, at: number): void {
  const { bytes, end, wireEnd } = packet;
  if (at + IPV6_HEADER_BYTES > end || (bytes[at] as number) >> 4 !== 6) return;
  const payload = u16(bytes, at + 4);
  const next = bytes[at + 6] as number;
  const availableBytes = wireEnd - at;
  const total = IPV6_HEADER_BYTES + (payload === 0 ? jumboLength(packet, at, next) : payload);
  packet.offloaded = payload === 0 && next !== PROTOCOL.noNext;
  packet.ipLength = packet.offloaded && total === IPV6_HEADER_BYTES ? availableBytes : total;
  packet.network = NETWORK.ipv6;
  packet.networkAt = at;
  packet.ipId = -1;
  packet.dontFragment = true;
  packet.moreFragments = false;
  packet.fragmentOffset = 0;
  packet.ttl = bytes[at + 7] as number;
  packet.sourceAt = at + 8;
  packet.destinationAt = at + 24;
  packet.addressBytes = 16;
  packet.transportEnd = at + Math.min(packet.ipLength, availableBytes);
  if (skipExtensions(packet, next, at + IPV6_HEADER_BYTES) && packet.fragmentOffset === 0)
    decodeTransport(packet);
}

/** The length in the jumbo payload option of a hop-by-hop header, counted from that header; 0 without the option. */
function jumboLength({ bytes, end }: Packet, at: number, next: number): number {
  const options = at + IPV6_HEADER_BYTES;
  if (next !== PROTOCOL.hopByHop || options + 8 > end) return 0;
  return bytes[options + 2] === JUMBO_OPTION && bytes[options + 3] === 4
    ? u32(bytes, options + 4)
    : 0;
}

/** Finds the transport header; false if the captured part ends before it. */
function skipExtensions(packet: Packet, first: number, position: number): boolean {
  const { bytes, end } = packet;
  let next = first;
  let at = position;
  for (let count = 0; count < MAX_EXTENSIONS; count++) {
    packet.protocol = next;
    packet.transportAt = at;
    switch (next) {
      case PROTOCOL.hopByHop:
      case PROTOCOL.routing:
      case PROTOCOL.destination:
        if (at + 8 > end) return false;
        next = bytes[at] as number;
        at += ((bytes[at + 1] as number) + 1) * 8;
        break;
      case PROTOCOL.authentication:
        if (at + 8 > end) return false;
        next = bytes[at] as number;
        at += ((bytes[at + 1] as number) + 2) * 4;
        break;
      case PROTOCOL.fragment: {
        if (at + 8 > end) return false;
        const word = u16(bytes, at + 2);
        packet.fragmentOffset = word & 0xfff8;
        packet.moreFragments = (word & 1) === 1;
        packet.ipId = i32(bytes, at + 4);
        next = bytes[at] as number;
        at += 8;
        packet.protocol = next;
        packet.transportAt = at;
        if (packet.fragmentOffset > 0) return true;
        break;
      }
      default:
        return true;
    }
  }
  return false;
}
