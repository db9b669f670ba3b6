import { addressText } from '../../packets/address.ts';
import { decodeEtherType, decodeFrame } from '../../packets/link.ts';
import { u16, u32 } from '../../packets/numbers.ts';
import { NETWORK, Packet, PROTOCOL } from '../../packets/packet.ts';
import { maximumSegmentSize } from '../../packets/tcpOptions.ts';
import { enterTunnel } from '../../packets/tunnels.ts';
import { openCursor } from '../../pcap/openCursor.ts';

/** A packet that a device saw; for a tunnel, the innermost packet. */
export interface Observation {
  /** By the node's clock, in nanoseconds since 1970. */
  readonly time: bigint;
  readonly tunnel: string;
  readonly source: string;
  readonly destination: string;
  readonly ttl: number;
  readonly bytes: number;
  readonly transport: Transport;
}

type Transport = Tcp | Udp | Echo | ObservedIcmpError;

interface Ports {
  readonly sourcePort: number;
  readonly destinationPort: number;
}

export interface Tcp extends Ports {
  readonly kind: 'tcp';
  readonly flags: number;
  /** An unsigned number. */
  readonly sequence: number;
  readonly acknowledgment: number;
  /** The value of the MSS option; 0 if absent. */
  readonly mss: number;
}

export interface Udp extends Ports {
  readonly kind: 'udp';
  readonly payload: string;
}

export interface Echo {
  readonly kind: 'echo';
  readonly isReply: boolean;
  readonly sequence: number;
  readonly payload: string;
}

export interface ObservedIcmpError {
  readonly kind: 'icmp-error';
  readonly type: number;
  readonly code: number;
  /** The MTU in "fragmentation needed" and "packet too big"; otherwise 0. */
  readonly mtu: number;
  /** The packet that caused the error, as far as the error quotes it. */
  readonly about: {
    readonly protocol: number;
    readonly sourcePort: number;
    readonly sequence: number;
    readonly payload: string;
  };
}

/** How many bytes of a payload are kept. The probe's packets differ within fewer bytes. */
const PAYLOAD_BYTES = 64;
const HIGH_PORT_BYTES = 8;
const ICMP_HEADER_BYTES = 8;

/** Reads the TCP, UDP and ICMP packets in a device's capture. A truncated capture is read up to its end. */
export function observationsIn(capture: Buffer): Observation[] {
  const cursor = openCursor(capture);
  if (cursor === undefined) return [];
  const packet = new Packet();
  const observations: Observation[] = [];
  while (cursor.next()) {
    const linkType = cursor.interfaces[cursor.interfaceIndex]?.linkType ?? -1;
    decodeFrame(packet, cursor.bytes, cursor.start, cursor.end, cursor.originalLength, linkType);
    while (enterTunnel(packet));
    const transport = transportOf(packet);
    if (transport === undefined) continue;
    const { bytes, sourceAt, destinationAt, addressBytes, ttl, ipLength, tunnel } = packet;
    observations.push({
      time: BigInt(cursor.seconds) * 1_000_000_000n + BigInt(cursor.nanoseconds),
      tunnel,
      source: addressText(bytes, sourceAt, addressBytes),
      destination: addressText(bytes, destinationAt, addressBytes),
      ttl,
      bytes: ipLength,
      transport,
    });
  }
  return observations;
}

function transportOf(packet: Packet): Transport | undefined {
  const { sourcePort, destinationPort, protocol, hasTransport, flags } = packet;
  if (!hasTransport || (packet.network !== NETWORK.ipv4 && packet.network !== NETWORK.ipv6))
    return undefined;
  if (protocol === PROTOCOL.tcp)
    return {
      kind: 'tcp',
      sourcePort,
      destinationPort,
      flags,
      sequence: packet.sequence >>> 0,
      acknowledgment: packet.acknowledgment >>> 0,
      mss: maximumSegmentSize(packet),
    };
  if (protocol === PROTOCOL.udp)
    return {
      kind: 'udp',
      sourcePort,
      destinationPort,
      payload: payloadText(packet, packet.payloadAt),
    };
  if (protocol === PROTOCOL.icmp || protocol === PROTOCOL.icmpv6) return icmp(packet);
  return undefined;
}

function icmp(packet: Packet): Transport | undefined {
  const { icmpType: type, icmpCode: code, transportAt: at, bytes, end, protocol } = packet;
  if (at + ICMP_HEADER_BYTES > end) return undefined;
  const isV6 = protocol === PROTOCOL.icmpv6;
  const [request, reply] = isV6 ? [128, 129] : [8, 0];
  if (type === request || type === reply)
    return {
      kind: 'echo',
      isReply: type === reply,
      sequence: u16(bytes, at + 6),
      payload: payloadText(packet, at + ICMP_HEADER_BYTES),
    };
  const isError = isV6 ? type >= 1 && type <= 4 : [3, 4, 5, 11, 12].includes(type);
  if (!isError) return undefined;
  const isTooBig = isV6 ? type === 2 : type === 3 && code === 4;
  const mtu = isTooBig ? (isV6 ? u32(bytes, at + 4) : u16(bytes, at + 6)) : 0;
  return {
    kind: 'icmp-error',
    type,
    code,
    mtu,
    about: quoted(packet, at + ICMP_HEADER_BYTES, isV6),
  };
}

/** The packet that an ICMP error quotes. Errors quote at least 8 bytes after the IP header. */
function quoted({ bytes, end }: Packet, at: number, isV6: boolean): ObservedIcmpError['about'] {
  const inner = new Packet();
  inner.bytes = bytes;
  inner.end = end;
  inner.wireEnd = end;
  inner.resetNetwork();
  decodeEtherType(inner, isV6 ? 0x86dd : 0x0800, at);
  const { protocol, transportAt } = inner;
  if (protocol < 0 || transportAt + HIGH_PORT_BYTES > end)
    return { protocol, sourcePort: 0, sequence: 0, payload: '' };
  return {
    protocol,
    sourcePort: u16(bytes, transportAt),
    sequence:
      protocol === PROTOCOL.tcp ? u32(bytes, transportAt + 4) >>> 0 : u16(bytes, transportAt + 6),
    payload: payloadText(inner, transportAt + HIGH_PORT_BYTES),
  };
}

function payloadText({ bytes, end }: Packet, at: number): string {
  return Buffer.from(bytes.subarray(at, Math.min(end, at + PAYLOAD_BYTES))).toString('hex');
}
