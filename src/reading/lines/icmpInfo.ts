import { addressText, hardwareAddressText } from '../../packets/address.ts';
import { u16, u32 } from '../../packets/numbers.ts';
import { type Packet, PROTOCOL } from '../../packets/packet.ts';

/** ICMP types and codes in the words of Wireshark (IANA, ICMP parameters). */
const UNREACHABLE = [
  'Network unreachable',
  'Host unreachable',
  'Protocol unreachable',
  'Port unreachable',
  'Fragmentation needed',
  'Source route failed',
  'Destination network unknown',
  'Destination host unknown',
  'Source host isolated',
  'Network administratively prohibited',
  'Host administratively prohibited',
  'Network unreachable for TOS',
  'Host unreachable for TOS',
  'Communication administratively filtered',
];
const UNREACHABLE6 = [
  'no route to destination',
  'Administratively prohibited',
  'Beyond scope of source address',
  'Address unreachable',
  'Port unreachable',
  'Source address failed ingress/egress policy',
  'Reject route to destination',
];

const LISTENER: Readonly<Record<number, string>> = {
  130: 'Multicast Listener Query',
  131: 'Multicast Listener Report',
  132: 'Multicast Listener Done',
  143: 'Multicast Listener Report Message v2',
};

/** Describes an ICMP or ICMPv6 message as in Wireshark's Info column. */
export function icmpInfo(packet: Packet): string {
  const { protocol, icmpType, icmpCode } = packet;
  if (!packet.hasTransport) return 'cut off';
  return protocol === PROTOCOL.icmp
    ? icmp4(packet, icmpType, icmpCode)
    : icmp6(packet, icmpType, icmpCode);
}

function icmp4(packet: Packet, type: number, code: number): string {
  switch (type) {
    case 8:
    case 0:
      return echo(packet, type === 8 ? 'request ' : 'reply   ', 'ttl');
    case 3:
      return `Destination unreachable (${UNREACHABLE[code] ?? `code ${code}`})`;
    case 5:
      return `Redirect             (${code === 1 ? 'Redirect for host' : `code ${code}`})`;
    case 11:
      return `Time-to-live exceeded (${code === 0 ? 'Time to live exceeded in transit' : 'Fragment reassembly time exceeded'})`;
    default:
      return `Type ${type}, code ${code}`;
  }
}

function icmp6(packet: Packet, type: number, code: number): string {
  const { bytes, transportAt: at, end } = packet;
  const target = () => (at + 24 <= end ? addressText(bytes, at + 8, 16) : 'unknown');
  switch (type) {
    case 128:
    case 129:
      return echo(packet, type === 128 ? 'request' : 'reply', 'hop limit');
    case 1:
      return `Destination Unreachable (${UNREACHABLE6[code] ?? `code ${code}`})`;
    case 2:
      return `Packet Too Big${at + 8 <= end ? ` (MTU ${u32(bytes, at + 4)})` : ''}`;
    case 3:
      return `Time Exceeded (${code === 0 ? 'hop limit exceeded in transit' : 'fragment reassembly time exceeded'})`;
    case 133:
      return `Router Solicitation${linkAddress(packet, at + 8, 1, ' from ')}`;
    case 134:
      return `Router Advertisement${linkAddress(packet, at + 16, 1, ' from ')}`;
    case 135:
      return `Neighbor Solicitation for ${target()}${linkAddress(packet, at + 24, 1, ' from ')}`;
    case 136:
      return `Neighbor Advertisement ${target()}${linkAddress(packet, at + 24, 2, ' is at ')}`;
    default:
      return LISTENER[type] ?? `Type ${type}, code ${code}`;
  }
}

function echo(packet: Packet, message: string, limit: string): string {
  const { bytes, transportAt: at, end } = packet;
  if (at + 8 > end) return `Echo (ping) ${message}`;
  const id = u16(bytes, at + 4)
    .toString(16)
    .padStart(4, '0');
  const sequence = u16(bytes, at + 6);
  const swapped = ((sequence & 0xff) << 8) | (sequence >> 8);
  const both = packet.protocol === PROTOCOL.icmp ? `${sequence}/${swapped}` : sequence;
  return `Echo (ping) ${message} id=0x${id}, seq=${both}, ${limit}=${packet.ttl}`;
}

/** The link-layer address option of neighbor discovery (RFC 4861, 4.6.1): kind 1 for the source, 2 for the target. */
function linkAddress(
  { bytes, end }: Packet,
  options: number,
  kind: number,
  before: string,
): string {
  for (let at = options; at + 8 <= end; at += (bytes[at + 1] as number) * 8) {
    if (bytes[at] === kind) return before + hardwareAddressText(bytes, at + 2);
    if (bytes[at + 1] === 0) break;
  }
  return '';
}
