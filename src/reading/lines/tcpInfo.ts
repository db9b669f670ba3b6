import { terminalSafe } from '../../output/terminalSafe.ts';
import { u16, u32 } from '../../packets/numbers.ts';
import { FLAG, type Packet } from '../../packets/packet.ts';
import { describeDns } from './dnsInfo.ts';
import { httpInfo } from './httpInfo.ts';
import type { PacketDescription } from './packetDescription.ts';
import type { TcpFlow, TcpFlows } from './tcpFlows.ts';
import { tlsInfo, tlsProtocol } from './tlsInfo.ts';

const FLAG_NAMES = ['FIN', 'SYN', 'RST', 'PSH', 'ACK', 'URG', 'ECE', 'CWR'] as const;

/** The names of all combinations of flags, created once: `SYN, ACK`. */
const FLAG_TEXTS = Array.from({ length: 256 }, (_, flags) => {
  const names = FLAG_NAMES.filter((_name, bit) => (flags & (1 << bit)) !== 0);
  return names.length === 0 ? '<None>' : names.join(', ');
});

/** Describes a TCP segment, or the DNS, TLS or HTTP in it, as Wireshark does without analysis of the conversation. */
export function describeTcp(packet: Packet, flows: TcpFlows): PacketDescription {
  const { sourcePort, destinationPort, flags } = packet;
  if (!packet.hasTransport)
    return { protocol: 'TCP', info: `${sourcePort} → ${destinationPort} [cut off]` };
  const [flow, reverse] = flows.of(packet);
  if (packet.payloadLength > 0 && (flags & (FLAG.syn | FLAG.rst)) === 0) {
    const application = describePayload(packet, flow, reverse);
    if (application) return application;
  }
  return { protocol: 'TCP', info: tcpInfo(packet, flow, reverse) };
}

function describePayload(
  packet: Packet,
  flow: TcpFlow,
  reverse: TcpFlow,
): PacketDescription | undefined {
  const tls = tlsInfo(packet, flow, reverse);
  if (tls !== undefined) return { protocol: tlsProtocol(flow), info: terminalSafe(tls) };
  if (flow.tls) return undefined;
  const dns = describeDns(packet);
  if (dns) return dns;
  const http = httpInfo(packet);
  return http === undefined ? undefined : { protocol: 'HTTP', info: terminalSafe(http) };
}

function tcpInfo(packet: Packet, flow: TcpFlow, reverse: TcpFlow): string {
  const { sourcePort, destinationPort, flags } = packet;
  const isSyn = (flags & FLAG.syn) !== 0;
  const sequence = (packet.sequence - (flow.base ?? 0)) >>> 0;
  const acknowledged =
    (flags & FLAG.ack) === 0 ? '' : ` Ack=${(packet.acknowledgment - (reverse.base ?? 0)) >>> 0}`;
  // Windows are only scaled if both sides sent the option (RFC 7323, 2.2).
  const isScaled = !isSyn && flow.scale >= 0 && reverse.scale >= 0;
  const window = isScaled ? packet.window * 2 ** flow.scale : packet.window;
  return `${sourcePort} → ${destinationPort} [${FLAG_TEXTS[flags]}] Seq=${sequence}${acknowledged} Win=${window} Len=${packet.payloadLength}${options(packet, reverse.base ?? 0)}`;
}

/** `base`: the sequence number to which the acknowledged numbers in options are relative. */
function options({ bytes, end, transportAt, payloadAt }: Packet, base: number): string {
  const optionsEnd = payloadAt < end ? payloadAt : end;
  let text = '';
  for (let at = transportAt + 20; at < optionsEnd; ) {
    const kind = bytes[at] as number;
    if (kind === 0) break;
    if (kind === 1) {
      at += 1;
      continue;
    }
    const length = at + 1 < optionsEnd ? (bytes[at + 1] as number) : 0;
    if (length < 2 || at + length > optionsEnd) break;
    text += option(bytes, at, kind, length, base);
    at += length;
  }
  return text;
}

/** Kinds of options are numbered by IANA. */
function option(bytes: Uint8Array, at: number, kind: number, length: number, base: number): string {
  if (kind === 2 && length === 4) return ` MSS=${u16(bytes, at + 2)}`;
  if (kind === 3 && length === 3) return ` WS=${2 ** Math.min(14, bytes[at + 2] as number)}`;
  if (kind === 4) return ' SACK_PERM';
  if (kind === 8 && length === 10)
    return ` TSval=${u32(bytes, at + 2)} TSecr=${u32(bytes, at + 6)}`;
  if (kind !== 5) return '';
  let text = '';
  for (let edge = at + 2; edge + 8 <= at + length; edge += 8)
    text += ` SLE=${(u32(bytes, edge) - base) >>> 0} SRE=${(u32(bytes, edge + 4) - base) >>> 0}`;
  return text;
}
