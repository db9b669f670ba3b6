import { addressText, hardwareAddressText } from '../../packets/address.ts';
import { NETWORK, type Packet, PROTOCOL } from '../../packets/packet.ts';
import type { PacketCursor } from '../../pcap/packetCursor.ts';

/** The layer that a field is read from: the outermost packet of a frame, or one inside a tunnel. */
export interface Layer {
  readonly packet: Packet;
  readonly cursor: PacketCursor;
  readonly number: number;
  /** The start of its Ethernet header, or -1. */
  readonly ethernetAt: number;
}

type NumberOf = (layer: Layer) => number | undefined;
/** The values of a field, such as the source and the destination for `ip.addr`. */
type TextsOf = (layer: Layer) => readonly string[];

const isV4 = ({ packet }: Layer) => packet.network === NETWORK.ipv4;
const isV6 = ({ packet }: Layer) => packet.network === NETWORK.ipv6;
const isTcp = ({ packet }: Layer) =>
  packet.protocol === PROTOCOL.tcp && packet.hasTransport && !packet.isFragment;
const isUdp = ({ packet }: Layer) =>
  packet.protocol === PROTOCOL.udp && packet.hasTransport && !packet.isFragment;
const isIcmp = ({ packet }: Layer) =>
  packet.protocol === PROTOCOL.icmp && packet.hasTransport && !packet.isFragment;
const isIcmp6 = ({ packet }: Layer) =>
  packet.protocol === PROTOCOL.icmpv6 && packet.hasTransport && !packet.isFragment;

/** Protocols that are recognized in the same way as in Wireshark. */
export const PROTOCOLS: Readonly<Record<string, (layer: Layer) => boolean>> = {
  frame: () => true,
  ip: isV4,
  ipv6: isV6,
  tcp: isTcp,
  udp: isUdp,
  icmp: isIcmp,
  icmpv6: isIcmp6,
  arp: ({ packet }) => packet.network === NETWORK.arp,
  vlan: ({ packet }) => packet.vlan >= 0,
};

const inTunnel =
  (is: (layer: Layer) => boolean, value: (packet: Packet) => number): NumberOf =>
  (layer) =>
    is(layer) ? value(layer.packet) : undefined;

const bit = (mask: number) => inTunnel(isTcp, ({ flags }) => ((flags & mask) === 0 ? 0 : 1));

/** Fields with one number. */
export const NUMBERS: Readonly<Record<string, NumberOf>> = {
  'frame.number': ({ number }) => number,
  'frame.len': ({ cursor }) => cursor.originalLength,
  'frame.cap_len': ({ cursor }) => cursor.end - cursor.start,
  'vlan.id': ({ packet }) => (packet.vlan < 0 ? undefined : packet.vlan),
  'ip.ttl': inTunnel(isV4, ({ ttl }) => ttl),
  'ip.id': inTunnel(isV4, ({ ipId }) => ipId),
  'ip.proto': inTunnel(isV4, ({ protocol }) => protocol),
  'ip.flags.df': inTunnel(isV4, ({ dontFragment }) => (dontFragment ? 1 : 0)),
  'ip.flags.mf': inTunnel(isV4, ({ moreFragments }) => (moreFragments ? 1 : 0)),
  'ipv6.hlim': inTunnel(isV6, ({ ttl }) => ttl),
  'tcp.srcport': inTunnel(isTcp, ({ sourcePort }) => sourcePort),
  'tcp.dstport': inTunnel(isTcp, ({ destinationPort }) => destinationPort),
  'tcp.len': inTunnel(isTcp, ({ payloadLength }) => payloadLength),
  'tcp.window_size_value': inTunnel(isTcp, ({ window }) => window),
  'tcp.flags.fin': bit(0x01),
  'tcp.flags.syn': bit(0x02),
  'tcp.flags.reset': bit(0x04),
  'tcp.flags.push': bit(0x08),
  'tcp.flags.ack': bit(0x10),
  'tcp.flags.urg': bit(0x20),
  'udp.srcport': inTunnel(isUdp, ({ sourcePort }) => sourcePort),
  'udp.dstport': inTunnel(isUdp, ({ destinationPort }) => destinationPort),
  'udp.length': inTunnel(isUdp, ({ payloadLength }) => payloadLength + 8),
  'icmp.type': inTunnel(isIcmp, ({ icmpType }) => icmpType),
  'icmp.code': inTunnel(isIcmp, ({ icmpCode }) => icmpCode),
  'icmpv6.type': inTunnel(isIcmp6, ({ icmpType }) => icmpType),
  'icmpv6.code': inTunnel(isIcmp6, ({ icmpCode }) => icmpCode),
};

/** Fields that stand for either of two other fields. */
export const EITHER_DIRECTION: Readonly<Record<string, readonly [string, string]>> = {
  'tcp.port': ['tcp.srcport', 'tcp.dstport'],
  'udp.port': ['udp.srcport', 'udp.dstport'],
  'ip.addr': ['ip.src', 'ip.dst'],
  'ip.host': ['ip.src', 'ip.dst'],
  'ipv6.addr': ['ipv6.src', 'ipv6.dst'],
  'eth.addr': ['eth.src', 'eth.dst'],
};

const address =
  (is: (layer: Layer) => boolean, at: (packet: Packet) => number): TextsOf =>
  (layer) =>
    is(layer) ? [addressText(layer.packet.bytes, at(layer.packet), layer.packet.addressBytes)] : [];
const hardware =
  (offset: number): TextsOf =>
  ({ ethernetAt, cursor }) =>
    ethernetAt < 0 ? [] : [hardwareAddressText(cursor.bytes, ethernetAt + offset)];

/** Fields with addresses. */
export const ADDRESSES: Readonly<Record<string, TextsOf>> = {
  'ip.src': address(isV4, ({ sourceAt }) => sourceAt),
  'ip.dst': address(isV4, ({ destinationAt }) => destinationAt),
  'ipv6.src': address(isV6, ({ sourceAt }) => sourceAt),
  'ipv6.dst': address(isV6, ({ destinationAt }) => destinationAt),
  'eth.src': hardware(6),
  'eth.dst': hardware(0),
};

/** Fields with bytes: their range in the frame. */
export const BYTES: Readonly<
  Record<string, (layer: Layer) => readonly [number, number] | undefined>
> = {
  frame: ({ cursor }) => [cursor.start, cursor.end],
  'tcp.payload': (layer) => payload(layer, isTcp(layer)),
  'udp.payload': (layer) => payload(layer, isUdp(layer)),
};

function payload({ packet }: Layer, is: boolean): readonly [number, number] | undefined {
  return is && packet.payloadLength > 0 ? [packet.payloadAt, packet.payloadEnd] : undefined;
}
