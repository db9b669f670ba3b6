/**
 * Passes tcpdump's output on in whole packets only, and counts them: PacketCutter for pcap, TextCutter for decoded
 * text.
 */
export interface Cutter {
  /** Packets passed on. */
  readonly packets: number;
  /** Bytes passed on. */
  readonly bytes: number;
  /** True once the size limit left no room for the next packet. */
  readonly full: boolean;
  /** Takes the next bytes and gives what may be written of them; may be empty. */
  cut(chunk: Buffer): Buffer;
  /** The length of the whole packets within the first `length` bytes of the last chunk. */
  wholeWithin(chunk: Buffer, length: number): number;
}
