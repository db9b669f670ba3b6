import { hardwareAddressText } from '../../packets/address.ts';
import { readArp } from '../../packets/arp.ts';
import { decodeFrame, LINK_TYPE, linkTypeName } from '../../packets/link.ts';
import { NETWORK, Packet, PROTOCOL } from '../../packets/packet.ts';
import { enterTunnel } from '../../packets/tunnels.ts';
import type { PacketLine } from '../../tools/tshark.ts';
import type { PacketStream } from '../input/packetStream.ts';
import type { AddressNames } from '../names.ts';
import { describeDns } from './dnsInfo.ts';
import { icmpInfo } from './icmpInfo.ts';
import type { PacketDescription } from './packetDescription.ts';
import { TcpFlows } from './tcpFlows.ts';
import { describeTcp } from './tcpInfo.ts';
import { type TimeFormat, TimeTexts } from './timeText.ts';

/** Formats one packet as a line, as tshark does. */
export function lineOf(columns: PacketLine): string {
  const { number, time, source, destination, protocol, length, info } = columns;
  return `${String(number).padStart(5)} ${time.padStart(10)} ${source.padStart(12)} → ${destination.padEnd(12)} ${protocol} ${length} ${info}`;
}

/** Names of IP protocols that are not decoded (IANA). */
const IP_PROTOCOLS: Readonly<Record<number, string>> = {
  2: 'IGMP',
  50: 'ESP',
  51: 'AH',
  89: 'OSPF',
  103: 'PIM',
  112: 'VRRP',
  132: 'SCTP',
};
const TRANSPORTS: Readonly<Record<number, string>> = {
  6: 'TCP',
  17: 'UDP',
  1: 'ICMP',
  58: 'ICMPv6',
};
const ETHER_TYPES: Readonly<Record<number, string>> = {
  35020: 'LLDP',
  34825: 'LACP',
  34958: 'EAPOL',
};

/** Describes packets in columns. Remembers connections, so that sequence numbers are relative. */
export class PacketDescriber {
  readonly packet = new Packet();
  readonly #names: AddressNames;
  readonly #times: TimeTexts;
  readonly #flows = new TcpFlows();

  constructor(names: AddressNames, format: TimeFormat) {
    this.#names = names;
    this.#times = new TimeTexts(format);
  }

  /** Updates the state for a packet that is not printed. */
  pass(stream: PacketStream): void {
    const { cursor } = stream;
    this.#times.pass(cursor);
    const packet = this.#decode(stream);
    if (packet.protocol === PROTOCOL.tcp && packet.hasTransport) describeTcp(packet, this.#flows);
  }

  /** Describes the current packet of a stream. */
  columns(stream: PacketStream): PacketLine {
    const { cursor } = stream;
    const described = stream.interface;
    const packet = this.#decode(stream);
    const time = this.#times.of(cursor, described.resolution);
    const columns = { number: stream.number, time, length: cursor.originalLength };
    if (packet.network === NETWORK.ipv4 || packet.network === NETWORK.ipv6)
      return {
        ...columns,
        source: this.#names.at(packet.bytes, packet.sourceAt, packet.addressBytes),
        destination: this.#names.at(packet.bytes, packet.destinationAt, packet.addressBytes),
        ...this.#overIp(packet),
      };
    const isEthernet = described.linkType === LINK_TYPE.ethernet && cursor.end - cursor.start >= 14;
    // Inside a tunnel, the Ethernet header is directly before the network header.
    const header = packet.tunnelDepth > 0 ? packet.networkAt - 14 : cursor.start;
    const source = isEthernet ? hardwareAddressText(cursor.bytes, header + 6) : '';
    const destination = isEthernet ? hardwareAddressText(cursor.bytes, header) : '';
    if (packet.network === NETWORK.arp)
      return { ...columns, source, destination, protocol: 'ARP', info: this.#arp(packet) };
    const etherType = `0x${packet.etherType.toString(16).padStart(4, '0')}`;
    const linkType = `link-type-${linkTypeName(described.linkType)}`;
    const protocol =
      ETHER_TYPES[packet.etherType] ?? (packet.etherType === 0 ? linkType : etherType);
    return { ...columns, source, destination, protocol, info: 'Not decoded' };
  }

  /** Decodes the innermost packet. */
  #decode({ cursor, interface: described }: PacketStream): Packet {
    const { packet } = this;
    const { bytes, start, end, originalLength } = cursor;
    decodeFrame(packet, bytes, start, end, originalLength, described.linkType);
    while (enterTunnel(packet));
    return packet;
  }

  #overIp(packet: Packet): PacketDescription {
    const { protocol } = packet;
    if (packet.isFragment) return fragment(packet);
    switch (protocol) {
      case PROTOCOL.tcp:
        return describeTcp(packet, this.#flows);
      case PROTOCOL.udp: {
        const dns = packet.hasTransport ? describeDns(packet) : undefined;
        if (dns) return dns;
        const ports = `${packet.sourcePort} → ${packet.destinationPort}`;
        const info = packet.hasTransport
          ? `${ports} Len=${packet.payloadLength}`
          : `${ports} [cut off]`;
        return { protocol: 'UDP', info };
      }
      case PROTOCOL.icmp:
      case PROTOCOL.icmpv6:
        return { protocol: TRANSPORTS[protocol] ?? '', info: icmpInfo(packet) };
      default: {
        const name = IP_PROTOCOLS[protocol];
        const version = packet.network === NETWORK.ipv4 ? 'IPv4' : 'IPv6';
        return {
          protocol: name ?? version,
          info: name ? `Len=${packet.payloadLength}` : `Protocol ${protocol}`,
        };
      }
    }
  }

  #arp(packet: Packet): string {
    const arp = readArp(packet);
    if (!arp) return 'Not decoded';
    const { operation, sender, senderHardware, target } = arp;
    if (sender === target)
      return `${operation === 1 ? 'ARP Announcement' : 'Gratuitous ARP'} for ${this.#names.of(sender)}${operation === 2 ? ' (Reply)' : ''}`;
    return operation === 1
      ? `Who has ${this.#names.of(target)}? Tell ${this.#names.of(sender)}`
      : `${this.#names.of(sender)} is at ${senderHardware}`;
  }
}

function fragment(packet: Packet): PacketDescription {
  const { protocol, fragmentOffset, moreFragments, ipId } = packet;
  const name = TRANSPORTS[protocol];
  const isV4 = packet.network === NETWORK.ipv4;
  return isV4
    ? {
        protocol: 'IPv4',
        info: `Fragmented IP protocol (proto=${name === undefined ? protocol : `${name} ${protocol}`}, off=${fragmentOffset}, ID=${ipId.toString(16).padStart(4, '0')})`,
      }
    : {
        protocol: 'IPv6',
        info: `IPv6 fragment (off=${fragmentOffset} more=${moreFragments ? 'y' : 'n'} ident=0x${(ipId >>> 0).toString(16).padStart(8, '0')} nxt=${protocol})`,
      };
}
