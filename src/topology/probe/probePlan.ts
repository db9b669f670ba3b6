import { familyOf } from '../address.ts';

/** Header bytes of an echo request: IPv4 or IPv6, plus ICMP. */
const ECHO_HEADERS = { 4: 28, 6: 48 } as const;

/** The payload bytes of an echo request whose packet has this size. */
export function echoPayload(packetSize: number, destination: string): number {
  return packetSize - ECHO_HEADERS[familyOf(destination)];
}

/** The size of the whole packet of an echo request, in bytes. */
export function echoPacketSize({ size, destination }: ProbePlan): number {
  return size + ECHO_HEADERS[familyOf(destination)];
}

/** What a probe sends. */
export interface ProbePlan {
  readonly kind: 'tcp' | 'udp' | 'icmp' | 'mtu';
  readonly source: string;
  readonly destination: string;
  /** The destination port; 0 for ICMP. */
  readonly port: number;
  /**
   * The source port of the first packet; each packet uses the next port. Kernels do not assign these ports
   * themselves.
   */
  readonly sourcePort: number;
  readonly count: number;
  /** 32 hexadecimal digits that identify the payloads. */
  readonly data: string;
  /** The payload bytes of an echo request that must not be fragmented. */
  readonly size: number;
}

/** The largest number of packets that the sender may send. */
function maxPackets({ kind, count }: ProbePlan): number {
  // SYN, a second SYN if unanswered, ACK, FIN, ACK.
  return kind === 'tcp' ? 5 * count : count;
}

/** Announces a probe in words. */
export function planText(plan: ProbePlan): string {
  const { kind, count, destination, port } = plan;
  const most = maxPackets(plan);
  const packets = most === 1 ? '1 packet' : `at most ${most} packets`;
  switch (kind) {
    case 'tcp':
      return `${count} TCP connections to ${destination} port ${port}, closed at once (${packets})`;
    case 'udp':
      return `${count} UDP datagrams to ${destination} port ${port} (${packets})`;
    case 'icmp':
      return `${count} ICMP echo requests to ${destination} (${packets})`;
    case 'mtu':
      return `an ICMP echo request of ${echoPacketSize(plan)} bytes to ${destination} with "do not fragment" set (${packets}). If it is too large, the sender's kernel keeps the smaller MTU for ten minutes`;
  }
}
