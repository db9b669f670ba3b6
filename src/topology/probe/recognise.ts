import { FLAG, PROTOCOL } from '../../packets/packet.ts';
import type { Direction } from '../trace/oneWayPath.ts';
import type { Echo, Observation, ObservedIcmpError } from './observation.ts';
import type { ProbePlan } from './probePlan.ts';

/** Which of the probe's packets an observation is, and its direction. */
export interface RecognisedPacket {
  /** The same for all observations of a packet and of its answer. */
  readonly id: string;
  readonly direction: Direction;
  /** `TCP SYN`, `TCP SYN-ACK`, `echo reply` … */
  readonly what: string;
}

/**
 * Identifies the probe's packets by what address translation does not change: TCP's initial sequence number, the
 * payload of UDP and ICMP. `atSender` are the observations at the first device.
 */
export function recogniser(
  plan: ProbePlan,
  atSender: readonly Observation[],
): (observation: Observation) => RecognisedPacket | undefined {
  if (plan.kind === 'tcp') return tcpRecogniser(plan, atSender);
  if (plan.kind === 'udp') return udpRecogniser(plan);
  return echoRecogniser(plan, atSender);
}

const SYN_ONLY = FLAG.syn;

function tcpRecogniser(
  { source, destination, port, sourcePort, count }: ProbePlan,
  atSender: readonly Observation[],
) {
  const syns = atSender.flatMap((observation) => {
    const { transport: tcp } = observation;
    const isOurs =
      tcp.kind === 'tcp' &&
      (tcp.flags & (FLAG.syn | FLAG.ack)) === SYN_ONLY &&
      observation.destination === destination &&
      tcp.destinationPort === port;
    return isOurs ? [{ ...tcp, source: observation.source }] : [];
  });
  const probeSyns = syns.filter(
    (tcp) => tcp.sourcePort >= sourcePort && tcp.sourcePort < sourcePort + count,
  );
  // Some programs cannot choose their source port. Then all connections to the destination port count.
  const numbers = new Set(
    (probeSyns.length > 0 ? probeSyns : syns.filter((tcp) => tcp.source === source)).map(
      ({ sequence }) => sequence,
    ),
  );
  return ({ transport: tcp }: Observation): RecognisedPacket | undefined => {
    if (tcp.kind === 'icmp-error')
      return tcp.about.protocol === PROTOCOL.tcp && numbers.has(tcp.about.sequence)
        ? { id: String(tcp.about.sequence), direction: 'back', what: errorText(tcp) }
        : undefined;
    if (tcp.kind !== 'tcp') return undefined;
    if ((tcp.flags & (FLAG.syn | FLAG.ack)) === SYN_ONLY && numbers.has(tcp.sequence))
      return { id: String(tcp.sequence), direction: 'there', what: 'TCP SYN' };
    const sequence = (tcp.acknowledgment - 1) >>> 0;
    const isAnswer = (tcp.flags & (FLAG.syn | FLAG.rst)) !== 0 && (tcp.flags & FLAG.ack) !== 0;
    // An RST from the sender itself acknowledges the receiver's sequence number, not the probe's.
    if (!isAnswer || !numbers.has(sequence)) return undefined;
    const description = (tcp.flags & FLAG.rst) !== 0 ? 'TCP RST' : 'TCP SYN-ACK';
    return { id: String(sequence), direction: 'back', what: description };
  };
}

function udpRecogniser({ data, port, sourcePort, count }: ProbePlan) {
  const prefix = Buffer.from(`netdebug ${data} `).toString('hex');
  const isOwnPort = (candidate: number) =>
    candidate >= sourcePort && candidate < sourcePort + count;
  return ({ transport: udp }: Observation): RecognisedPacket | undefined => {
    if (udp.kind === 'icmp-error')
      return udp.about.protocol === PROTOCOL.udp && isOwnPort(udp.about.sourcePort)
        ? { id: String(udp.about.sourcePort - sourcePort), direction: 'back', what: errorText(udp) }
        : undefined;
    if (udp.kind !== 'udp') return undefined;
    if (udp.payload.startsWith(prefix)) {
      const number = Buffer.from(udp.payload.slice(prefix.length), 'hex').toString();
      return { id: number, direction: 'there', what: 'UDP datagram' };
    }
    const isAnswer = udp.sourcePort === port && isOwnPort(udp.destinationPort);
    return isAnswer
      ? { id: String(udp.destinationPort - sourcePort), direction: 'back', what: 'UDP answer' }
      : undefined;
  };
}

function echoRecogniser(
  { source, destination, data }: ProbePlan,
  atSender: readonly Observation[],
) {
  const requests = atSender.flatMap((observation) => {
    const { transport: echo } = observation;
    return echo.kind === 'echo' && !echo.isReply && observation.destination === destination
      ? [{ id: idOf(echo), source: observation.source }]
      : [];
  });
  // Text in our messages, bytes in those of iputils' ping.
  const markings = [Buffer.from(data).toString('hex'), data];
  const marked = requests.filter(({ id }) => markings.some((marking) => id.includes(marking)));
  // busybox's ping cannot mark its packets. Then all echo requests of the sender count.
  const probeRequests =
    marked.length > 0 ? marked : requests.filter((request) => request.source === source);
  const ids = new Set(probeRequests.map(({ id }) => id));
  return ({ transport: echo }: Observation): RecognisedPacket | undefined => {
    if (echo.kind === 'icmp-error') {
      const quoted = echo.about.payload;
      const id =
        quoted === '' ? undefined : [...ids].find((candidate) => candidate.includes(quoted));
      return id === undefined ? undefined : { id, direction: 'back', what: errorText(echo) };
    }
    if (echo.kind !== 'echo' || !ids.has(idOf(echo))) return undefined;
    return echo.isReply
      ? { id: idOf(echo), direction: 'back', what: 'echo reply' }
      : { id: idOf(echo), direction: 'there', what: 'echo request' };
  };
}

/** The sequence number and the start of the payload. */
function idOf({ sequence, payload }: Echo): string {
  return `${sequence} ${payload}`;
}

const UNREACHABLE: Readonly<Record<number, string>> = {
  0: 'network unreachable',
  1: 'host unreachable',
  2: 'protocol unreachable',
  3: 'port unreachable',
  4: 'fragmentation needed',
  9: 'network prohibited',
  10: 'host prohibited',
  13: 'prohibited by a filter',
};

function errorText({ type, code, mtu }: ObservedIcmpError): string {
  if (mtu > 0) return `ICMP: too big, MTU ${mtu}`;
  if (type === 11) return 'ICMP: time exceeded';
  if (type === 3) return `ICMP: ${UNREACHABLE[code] ?? `unreachable, code ${code}`}`;
  return `ICMP error, type ${type} code ${code}`;
}
