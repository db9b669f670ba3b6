/**
 * What stands between tcpdump's output and ours: it passes on whole packets only, and counts them.
 * One for pcap (PacketCutter), one for decoded text (TextCutter).
 */
export interface PacketStream {
  /** Packets passed on. */
  readonly packets: number;
  /** Bytes passed on. */
  readonly bytes: number;
  /** True once the size limit left no room for the next packet. */
  readonly full: boolean;
  /** Takes the next bytes and gives what may be written of them; may be empty. */
  cut(chunk: Buffer): Buffer;
  /** The whole packets within the first `length` bytes of what was given last. */
  wholeWithin(chunk: Buffer, length: number): number;
}
