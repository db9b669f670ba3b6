/**
 * The classic pcap file has a header of 24 bytes, followed by records. Each record has a header of 16 bytes, whose
 * third word is the number of captured bytes that follow (IETF draft-ietf-opsawg-pcap).
 */
export const FILE_HEADER_BYTES = 24;
export const RECORD_HEADER_BYTES = 16;

/** The bytes are not a pcap or pcapng stream, or it is damaged from here. */
export class InvalidPcapError extends Error {}

/** Reads an unsigned 32-bit word. Faster than the methods of Buffer, which check their arguments each time. */
export function readU32(bytes: Uint8Array, at: number, littleEndian: boolean): number {
  const a = bytes[at] as number;
  const b = bytes[at + 1] as number;
  const c = bytes[at + 2] as number;
  const d = bytes[at + 3] as number;
  return (
    (littleEndian ? (d << 24) | (c << 16) | (b << 8) | a : (a << 24) | (b << 16) | (c << 8) | d) >>>
    0
  );
}
