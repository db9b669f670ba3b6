import { FLAG, type Packet } from '../../packets/packet.ts';
import { SEGMENT } from './segmentBits.ts';
import { SCALE_UNKNOWN, SCALE_UNUSED, type TcpSide } from './tcpSide.ts';

/** The maximum time between the requesting duplicate ACKs and a fast retransmission. Nanoseconds. */
const FAST_RETRANSMISSION_NS = 20e6;
/** A late segment within this time is out of order, if the round-trip time is unknown. Nanoseconds. */
const REORDERING_NS = 3e6;

const CONTROL = FLAG.syn | FLAG.fin | FLAG.rst;

/** Measurements of a connection besides its two sides. */
interface MeasuredConnection {
  /** From the last SYN to the first ACK after it; 0 while unknown. Nanoseconds. */
  readonly roundTripTime: number;
}

/**
 * Analyses a segment in the same way as Wireshark 4.0 (its User's Guide, "TCP Analysis"), and updates the two sides.
 * `from` sent it, `to` is the other side. Returns bits of SEGMENT.
 */
export function analyseSegment(
  packet: Packet,
  now: number,
  connection: MeasuredConnection,
  from: TcpSide,
  to: TcpSide,
): number {
  const { sequence, acknowledgment: ack, flags, window, payloadLength: length } = packet;
  if (!from.hasBase) {
    from.baseSequence = flags & FLAG.syn ? sequence : (sequence - 1) | 0;
    from.hasBase = true;
  }
  if (!to.hasBase && flags & FLAG.ack) {
    to.baseSequence = (ack - 1) | 0;
    to.hasBase = true;
  }
  const expected = from.nextSequence;
  const isControl = (flags & CONTROL) !== 0;
  let analysis = 0;

  if (length === 1 && sequence === expected && to.window === 0) analysis |= SEGMENT.zeroWindowProbe;
  else {
    if (window === 0 && !isControl) analysis |= SEGMENT.zeroWindow;
    if (expected !== 0 && isAfter(sequence, expected) && !(flags & FLAG.rst))
      analysis |= SEGMENT.lost;
    if (!isControl) analysis |= findSpecialSegment(packet, from, to, expected);
  }
  if (ack !== from.lastAck && !(analysis & SEGMENT.duplicateAck)) from.duplicateAcks = 0;

  if (to.contiguousSequence !== 0 && flags & FLAG.ack && isAfter(ack, to.contiguousSequence)) {
    // The acknowledged data is not in the capture. Report each gap only once.
    if (isAfter(to.nextSequence, to.contiguousSequence)) {
      analysis |= SEGMENT.ackLost;
      to.contiguousSequence = to.nextSequence;
    } else {
      if (to.duplicateAcks === 0) analysis |= SEGMENT.ackLost;
      to.duplicateAcks = -1;
    }
  }

  const isKeepAlive = (analysis & SEGMENT.keepAlive) !== 0;
  const isSynOrFin = (flags & (FLAG.syn | FLAG.fin)) !== 0;
  if ((length > 0 || isSynOrFin) && !isKeepAlive)
    analysis |= findRepetition(packet, now, connection, from, to, expected);

  // Remember the end of the segment and its fields.
  const nextSequence = (sequence + length + (isSynOrFin ? 1 : 0)) | 0;
  if (!(analysis & SEGMENT.zeroWindowProbe)) {
    if (expected === 0 || isAfter(nextSequence, expected)) {
      from.nextSequence = nextSequence;
      from.nextSequenceTime = now;
    }
    if (from.contiguousSequence === 0 || sequence === from.contiguousSequence)
      from.contiguousSequence = from.nextSequence;
  }
  from.window = window;
  from.isSynWindow = (flags & FLAG.syn) !== 0;
  from.lastAck = ack;
  from.lastAckTime = now;
  from.lastFindings = analysis;
  return analysis;
}

/** Detects segments without SYN, FIN and RST that only keep the connection or its window alive. */
function findSpecialSegment(packet: Packet, from: TcpSide, to: TcpSide, expected: number): number {
  const { sequence, acknowledgment: ack, window, payloadLength: length } = packet;
  let analysis = 0;
  if (length <= 1 && sequence === ((expected - 1) | 0)) analysis |= SEGMENT.keepAlive;
  if (length > 0) {
    if (to.windowScale !== SCALE_UNKNOWN) {
      const shift = to.isSynWindow || to.windowScale === SCALE_UNUSED ? 0 : to.windowScale;
      const edge = (to.lastAck + (to.window << shift)) | 0;
      if (((sequence + length) | 0) === edge) analysis |= SEGMENT.windowFull;
    }
    return analysis;
  }
  const repeatsAck = sequence === expected && ack === from.lastAck;
  if (!repeatsAck) return analysis;
  if (window !== from.window) return window === 0 ? analysis : analysis | SEGMENT.windowUpdate;
  if (window === 0)
    return to.lastFindings & SEGMENT.zeroWindowProbe
      ? analysis | SEGMENT.zeroWindowProbeAck
      : analysis;
  if (to.lastFindings & SEGMENT.keepAlive) return analysis | SEGMENT.keepAliveAck;
  from.duplicateAcks = from.duplicateAcks === -1 ? 1 : from.duplicateAcks + 1;
  return analysis | SEGMENT.duplicateAck;
}

/** Detects data, a SYN or a FIN that was sent before, and classifies the repetition. */
function findRepetition(
  packet: Packet,
  now: number,
  connection: MeasuredConnection,
  from: TcpSide,
  to: TcpSide,
  expected: number,
): number {
  const { sequence, flags, payloadLength: length } = packet;
  const end = (sequence + length) | 0;
  if (length > 0 && to.lastAck !== 0 && !isAfter(end, to.lastAck))
    return SEGMENT.spuriousRetransmission;
  if (expected === 0 || !isAfter(expected, sequence)) return 0;
  // One byte before the end, and longer than one byte: it follows a zero window probe.
  if (length > 1 && sequence === ((expected - 1) | 0)) return 0;
  // Times may go backwards. A segment that is not later is neither fast nor out of order.
  const sinceAck = now - to.lastAckTime;
  if (
    to.duplicateAcks >= 2 &&
    to.lastAck === sequence &&
    sinceAck >= 0 &&
    sinceAck < FAST_RETRANSMISSION_NS
  )
    return SEGMENT.fastRetransmission;
  const limit = connection.roundTripTime > 0 ? connection.roundTripTime : REORDERING_NS;
  const isSynOrFin = (flags & (FLAG.syn | FLAG.fin)) !== 0;
  const isLast = expected === ((end + (isSynOrFin ? 1 : 0)) | 0);
  const sinceNext = now - from.nextSequenceTime;
  if (sinceNext >= 0 && sinceNext < limit && !isLast) return SEGMENT.outOfOrder;
  return SEGMENT.retransmission;
}

/** Whether a > b, for sequence numbers. */
export function isAfter(a: number, b: number): boolean {
  return ((a - b) | 0) > 0;
}
