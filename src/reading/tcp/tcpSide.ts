/** The state of one end of a connection, as in the TCP analyzer of Zeek. */
export const END = {
  inactive: 0,
  synSent: 1,
  synAckSent: 2,
  partial: 3,
  established: 4,
  closed: 5,
  reset: 6,
} as const;

/** No window scale was seen; or scaling is not used. */
export const SCALE_UNKNOWN = -1;
export const SCALE_UNUSED = -2;

/**
 * What one end of a TCP connection has sent so far. Times are nanoseconds since the first packet of the capture.
 * Sequence numbers are 32-bit signed and compared modulo 2^32. As in Wireshark's analysis, 0 means "not seen yet" for
 * some fields.
 */
export class TcpSide {
  /** A value of END, and the previous one. */
  state: number = END.inactive;
  previousState: number = END.inactive;

  /** The sequence number of the SYN, or the first one seen minus 1. */
  baseSequence = 0;
  hasBase = false;
  /** The sequence number after the highest segment, and the time when that was sent. */
  nextSequence = 0;
  nextSequenceTime = 0;
  /** The highest sequence number up to which the capture has no gap. */
  contiguousSequence = 0;
  lastAck = 0;
  lastAckTime = 0;
  duplicateAcks = 0;
  /** Not scaled; -1 before the first segment. */
  window = -1;
  windowScale = SCALE_UNKNOWN;
  /** Whether the window above is from a SYN, which is never scaled. */
  isSynWindow = false;
  /** The analysis of the last segment. */
  lastFindings = 0;

  payloadBytes = 0;
  dataSegments = 0;
  /** The payload sizes of the largest segment, and of the largest acknowledged one. */
  largestSegment = 0;
  largestSegmentEnd = 0;
  largestAcked = 0;
  /** The time when the oldest unacknowledged data was sent. */
  unackedTime = 0;
  /** The last repeated segment: its position, its length, and how often it was repeated in a row. */
  repeatedSequence = 0;
  repeatedLength = 0;
  /** The time of its first repetition. */
  repeatedTime = 0;
  repeats = 0;

  retransmissions = 0;
  fastRetransmissions = 0;
  spuriousRetransmissions = 0;
  outOfOrder = 0;
  duplicateAckPackets = 0;
  lostSegments = 0;
  zeroWindows = 0;
  /** The time since when its receive window has been closed, or -1; and how long it was closed before in total. */
  closedSince = -1;
  closedTime = 0;
  windowFulls = 0;
  keepAlives = 0;
  resets = 0;
  syns = 0;
  fins = 0;
  /** The packet and time of its first SYN, and the time of its last one; 0 and -1 without a SYN. */
  synPacket = 0;
  synTime = -1;
  lastSynTime = -1;
  maximumSegmentSize = 0;
  /** From its packets other than RST; -1 before the first. */
  ttl = -1;
  ipId = -1;
  /** The time of its last packet other than RST; -1 before the first. */
  lastTime = -1;
  offloaded = 0;

  /** Resets all fields. Objects are reused, because there can be millions of connections. */
  clear(): void {
    this.state = END.inactive;
    this.previousState = END.inactive;
    this.baseSequence = 0;
    this.hasBase = false;
    this.nextSequence = 0;
    this.nextSequenceTime = 0;
    this.contiguousSequence = 0;
    this.lastAck = 0;
    this.lastAckTime = 0;
    this.duplicateAcks = 0;
    this.window = -1;
    this.windowScale = SCALE_UNKNOWN;
    this.isSynWindow = false;
    this.lastFindings = 0;
    this.payloadBytes = 0;
    this.dataSegments = 0;
    this.largestSegment = 0;
    this.largestSegmentEnd = 0;
    this.largestAcked = 0;
    this.unackedTime = 0;
    this.repeatedSequence = 0;
    this.repeatedLength = 0;
    this.repeatedTime = 0;
    this.repeats = 0;
    this.retransmissions = 0;
    this.fastRetransmissions = 0;
    this.spuriousRetransmissions = 0;
    this.outOfOrder = 0;
    this.duplicateAckPackets = 0;
    this.lostSegments = 0;
    this.zeroWindows = 0;
    this.closedSince = -1;
    this.closedTime = 0;
    this.windowFulls = 0;
    this.keepAlives = 0;
    this.resets = 0;
    this.syns = 0;
    this.fins = 0;
    this.synPacket = 0;
    this.synTime = -1;
    this.lastSynTime = -1;
    this.maximumSegmentSize = 0;
    this.ttl = -1;
    this.ipId = -1;
    this.lastTime = -1;
    this.offloaded = 0;
  }

  setState(state: number): void {
    if (state === this.state) return;
    this.previousState = this.state;
    this.state = state;
  }
}
