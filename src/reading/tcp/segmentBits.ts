/** The results of Wireshark's analysis of a segment (tcp.analysis.…), as bits. */
export const SEGMENT = {
  retransmission: 1 << 0,
  fastRetransmission: 1 << 1,
  spuriousRetransmission: 1 << 2,
  outOfOrder: 1 << 3,
  duplicateAck: 1 << 4,
  lost: 1 << 5,
  ackLost: 1 << 6,
  zeroWindow: 1 << 7,
  zeroWindowProbe: 1 << 8,
  zeroWindowProbeAck: 1 << 9,
  windowUpdate: 1 << 10,
  windowFull: 1 << 11,
  keepAlive: 1 << 12,
  keepAliveAck: 1 << 13,
} as const;

export const ANY_RETRANSMISSION =
  SEGMENT.retransmission | SEGMENT.fastRetransmission | SEGMENT.spuriousRetransmission;
