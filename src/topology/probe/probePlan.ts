import { familyOf } from '../address.ts';

/** Bytes of the headers of an echo request: IPv4 or IPv6, and ICMP. */
const ECHO_HEADERS = { 4: 28, 6: 48 } as const;

/** Bytes of the payload of an echo request that is a packet of this size. */
export function echoPayload(packetSize: number, destination: string): number {
  return packetSize - ECHO_HEADERS[familyOf(destination)];
}

/** Bytes of the whole packet of an echo request. */
export function echoPacketSize({ size, destination }: ProbePlan): number {
  return size + ECHO_HEADERS[familyOf(destination)];
}

/** What a probe sends. */
export interface ProbePlan {
  readonly kind: 'tcp' | 'udp' | 'icmp' | 'mtu';
  readonly source: string;
  readonly destination: string;
  /** At the destination; 0 for ICMP. */
  readonly port: number;
  /** Of the first packet; each has the next one. Outside of what kernels choose from by themselves. */
  readonly sourcePort: number;
  readonly count: number;
  /** 32 hexadecimal digits, by which payloads are recognised. */
  readonly data: string;
  /** Of an echo request that may not be fragmented: bytes of its payload. */
  readonly size: number;
}

/** The most packets that leave the sender: what is announced. */
function mostPackets({ kind, count }: ProbePlan): number {
  // SYN, once more where no answer comes, ACK, FIN, ACK.
  return kind === 'tcp' ? 5 * count : count;
}

/** A probe in words, as it is announced. */
export function planText(plan: ProbePlan): string {
  const { kind, count, destination, port } = plan;
  const most = mostPackets(plan);
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
