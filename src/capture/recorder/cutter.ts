/**
 * Passes on tcpdump's output in whole packets only, and counts them. PacketCutter handles pcap, TextCutter decoded
 * text.
 */
export interface Cutter {
  /** The number of packets passed on. */
  readonly packets: number;
  /** The number of bytes passed on. */
  readonly bytes: number;
  /** True after the size limit left no room for the next packet. */
  readonly isFull: boolean;
  /** Accepts the next bytes and returns the part of them that may be written, which may be empty. */
  cut(chunk: Buffer): Buffer;
  /** The total length of the whole packets within the first `length` bytes of the last chunk. */
  completeBytesWithin(chunk: Buffer, length: number): number;
}
