/** Where an end of a connection stands, as Zeek's TCP analyzer has it. */
export const END = {
  inactive: 0,
  synSent: 1,
  synAckSent: 2,
  partial: 3,
  established: 4,
  closed: 5,
  reset: 6,
} as const;

/** No window scale was seen; or none is in use. */
export const SCALE_UNKNOWN = -1;
export const SCALE_UNUSED = -2;

/**
 * What one end of a TCP connection has sent so far. Times are nanoseconds since the capture's first
 * packet; sequence numbers are 32-bit signed and compared modulo 2^32. 0 is "not seen yet" where
 * Wireshark's analysis has it so.
 */
export class TcpSide {
  /** A value of END, and the one before. */
  state: number = END.inactive;
  previousState: number = END.inactive;

  /** Sequence number of the SYN, or one before the first that was seen. */
  baseSequence = 0;
  hasBase = false;
  /** The highest sequence number that follows a segment, and when it was sent. */
  nextSequence = 0;
  nextSequenceTime = 0;
  /** The highest number up to which nothing is missing in the capture. */
  contiguousSequence = 0;
  lastAck = 0;
  lastAckTime = 0;
  duplicateAcks = 0;
  /** Unscaled; -1 before the first segment. */
  window = -1;
  windowScale = SCALE_UNKNOWN;
  /** The window above stood in a SYN, which is never scaled. */
  isSynWindow = false;
  /** What was found about the last segment. */
  lastFindings = 0;

  payloadBytes = 0;
  dataSegments = 0;
  /** The largest segment, and the largest that was acknowledged; sizes of payload. */
  largestSegment = 0;
  largestSegmentEnd = 0;
  largestAcked = 0;
  /** When the oldest data that is not acknowledged was sent. */
  unackedTime = 0;
  /** The segment that was repeated last: where, how long, and how often in a row. */
  repeatedSequence = 0;
  repeatedLength = 0;
  /** When it was repeated first. */
  repeatedTime = 0;
  repeats = 0;

  retransmissions = 0;
  fastRetransmissions = 0;
  spuriousRetransmissions = 0;
  outOfOrder = 0;
  duplicateAckPackets = 0;
  lostSegments = 0;
  zeroWindows = 0;
  /** Since when it has had no room for more data, -1 while it has; and how long that was before, in all. */
  closedSince = -1;
  closedTime = 0;
  windowFulls = 0;
  keepAlives = 0;
  resets = 0;
  syns = 0;
  fins = 0;
  /** Of its first SYN and its last; 0 without. */
  synPacket = 0;
  synTime = -1;
  lastSynTime = -1;
  maximumSegmentSize = 0;
  /** Of its packets other than RST; -1 before the first. */
  ttl = -1;
  ipId = -1;
  /** Of its last packet other than RST; -1 before the first. */
  lastTime = -1;
  offloaded = 0;

  /** Makes it as new: sides are used again, since there can be millions of connections. */
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
