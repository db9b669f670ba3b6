import { bytesText } from '../../output/quantities.ts';
import { FLAG } from '../../packets/packet.ts';
import { SEGMENT } from '../../reading/tcp/segmentBits.ts';
import type { DiagramPacket } from './packets.ts';

const FLAG_NAMES = [
  [FLAG.syn, 'SYN'],
  [FLAG.fin, 'FIN'],
  [FLAG.rst, 'RST'],
  [FLAG.psh, 'PSH'],
  [FLAG.ack, 'ACK'],
  [FLAG.urg, 'URG'],
] as const;

/** Well-known ICMP and ICMPv6 types. */
const ICMP_NAMES: Readonly<Record<string, string>> = {
  'icmp 0': 'echo reply',
  'icmp 3': 'destination unreachable',
  'icmp 8': 'echo request',
  'icmp 11': 'time exceeded',
  'icmpv6 1': 'destination unreachable',
  'icmpv6 2': 'packet too big',
  'icmpv6 3': 'time exceeded',
  'icmpv6 128': 'echo request',
  'icmpv6 129': 'echo reply',
};

/** A packet in a few words. */
export function packetText(packet: DiagramPacket, protocol: string): string {
  const size = packet.length > 0 ? bytesText(packet.length) : '';
  if (protocol === 'tcp') return tcpText(packet, size);
  if (protocol === 'udp') return [packet.label, size || 'empty'].filter(Boolean).join(' · ');
  const name = ICMP_NAMES[`${protocol} ${packet.sequence}`] ?? `type ${packet.sequence}`;
  return [name, size].filter(Boolean).join(' · ');
}

function tcpText(
  { flags, sequence, acknowledgment, length, label }: DiagramPacket,
  size: string,
): string {
  const names = FLAG_NAMES.filter(([flag]) => flags & flag).map(([, name]) => name);
  if (label !== '') return `${label} · ${size}`;
  const isPlain = (flags & (FLAG.syn | FLAG.fin | FLAG.rst)) === 0;
  if (length > 0) return `${isPlain ? 'data' : names.join(', ')} · ${size}, seq ${sequence}`;
  return isPlain && flags & FLAG.ack ? `ACK ${acknowledgment}` : names.join(', ');
}

const PROBLEMS = [
  [SEGMENT.fastRetransmission, 'sent again (fast)'],
  [SEGMENT.spuriousRetransmission, 'sent again, although it had arrived'],
  [SEGMENT.retransmission, 'sent again'],
  [SEGMENT.outOfOrder, 'out of order'],
  [SEGMENT.lost, 'data before it is missing here'],
  [SEGMENT.zeroWindow, 'window full: the sender must stop'],
] as const;

const REMARKS = [
  [SEGMENT.duplicateAck, 'duplicate ACK'],
  [SEGMENT.ackLost, 'acknowledges data missing here'],
  [SEGMENT.windowFull, 'fills the window'],
  [SEGMENT.keepAlive, 'keep-alive'],
  [SEGMENT.keepAliveAck, 'keep-alive answered'],
  [SEGMENT.zeroWindowProbe, 'probes a full window'],
] as const;

/** What is wrong with a packet; empty if nothing is. */
export function problemsOf({ analysis, flags }: DiagramPacket): string[] {
  const problems: string[] = PROBLEMS.filter(([bit]) => analysis & bit).map(([, text]) => text);
  if (flags & FLAG.rst) problems.push('reset');
  return problems;
}

/** What is worth knowing about a packet without being a problem of the packet itself. */
export function remarksOf({ analysis }: DiagramPacket): string[] {
  return REMARKS.filter(([bit]) => analysis & bit).map(([, text]) => text);
}
