import { i32, u16 } from './numbers.ts';
import { type Packet, PROTOCOL } from './packet.ts';

const TCP_HEADER_BYTES = 20;
const UDP_HEADER_BYTES = 8;
const ICMP_HEADER_BYTES = 8;

/**
 * Decodes the transport header at packet.transportAt. Also works for a reassembled datagram if the caller has set
 * bytes, transportAt and transportEnd.
 */
export function decodeTransport(packet: Packet): void {
  switch (packet.protocol) {
    case PROTOCOL.tcp:
      decodeTcp(packet);
      return;
    case PROTOCOL.udp:
      decodeUdp(packet);
      return;
    case PROTOCOL.icmp:
    case PROTOCOL.icmpv6:
      decodeIcmp(packet);
      return;
    default:
      packet.payloadAt = packet.transportAt;
      packet.payloadLength = Math.max(0, packet.transportEnd - packet.transportAt);
  }
}

/** The ports come first in both headers, so a packet truncated after them can still be assigned to a conversation. */
function decodePorts(packet: Packet): boolean {
  const { bytes, transportAt: at } = packet;
  if (at + 4 > packet.end || at + 4 > packet.transportEnd) return false;
  packet.hasPorts = true;
  packet.sourcePort = u16(bytes, at);
  packet.destinationPort = u16(bytes, at + 2);
  return true;
}

function decodeTcp(packet: Packet): void {
  const { bytes, transportAt: at } = packet;
  if (!decodePorts(packet)) return;
  if (at + TCP_HEADER_BYTES > packet.end || at + TCP_HEADER_BYTES > packet.transportEnd) return;
  const headerBytes = ((bytes[at + 12] as number) >> 4) * 4;
  if (headerBytes < TCP_HEADER_BYTES) return;
  packet.hasTransport = true;
  packet.sequence = i32(bytes, at + 4);
  packet.acknowledgment = i32(bytes, at + 8);
  packet.flags = bytes[at + 13] as number;
  packet.window = u16(bytes, at + 14);
  packet.payloadAt = at + headerBytes;
  packet.payloadLength = Math.max(0, packet.transportEnd - packet.payloadAt);
}

function decodeUdp(packet: Packet): void {
  const { bytes, transportAt: at } = packet;
  if (!decodePorts(packet)) return;
  if (at + UDP_HEADER_BYTES > packet.end || at + UDP_HEADER_BYTES > packet.transportEnd) return;
  packet.hasTransport = true;
  packet.payloadAt = at + UDP_HEADER_BYTES;
  const availableBytes = packet.transportEnd - packet.payloadAt;
  const length = u16(bytes, at + 4) - UDP_HEADER_BYTES;
  // 0 means offload (in the outer header of a tunnel) or a jumbogram: use the IP length.
  packet.payloadLength = length < 0 || length > availableBytes ? availableBytes : length;
}

function decodeIcmp(packet: Packet): void {
  const { bytes, transportAt: at } = packet;
  if (at + 4 > packet.end || at + 4 > packet.transportEnd) return;
  packet.hasTransport = true;
  packet.icmpType = bytes[at] as number;
  packet.icmpCode = bytes[at + 1] as number;
  packet.payloadAt = at + ICMP_HEADER_BYTES;
  packet.payloadLength = Math.max(0, packet.transportEnd - packet.payloadAt);
}
