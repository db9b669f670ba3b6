/**
 * The classic pcap file: a header of 24 bytes, then records, each with a header of 16 bytes whose
 * third word is the number of bytes that follow (IETF draft-ietf-opsawg-pcap).
 */
export const FILE_HEADER_BYTES = 24;
export const RECORD_HEADER_BYTES = 16;

/** More than the largest snap length that libpcap allows (MAXIMUM_SNAPLEN, 256 KiB). */
const MAX_RECORD_BYTES = 1024 * 1024;

/** Magic numbers as their bytes stand in the file, with the byte order they announce. */
const LITTLE_ENDIAN_MAGICS = new Set([0xd4c3b2a1, 0x4d3cb2a1]);
const BIG_ENDIAN_MAGICS = new Set([0xa1b2c3d4, 0xa1b23c4d]);

export class NotPcap extends Error {}

/** Reads the first 24 bytes of a file; throws NotPcap when they are no pcap header. */
export function isLittleEndian(header: Buffer): boolean {
  const magic = header.readUInt32BE(0);
  if (LITTLE_ENDIAN_MAGICS.has(magic)) return true;
  if (BIG_ENDIAN_MAGICS.has(magic)) return false;
  throw new NotPcap(`not a pcap stream: it begins with ${header.toString('hex', 0, 4)}`);
}

/**
 * The length of the record that begins at `offset`, its header included; undefined when the buffer
 * ends before its header does. Throws NotPcap when the length is beyond anything real.
 */
export function recordLength(
  buffer: Buffer,
  offset: number,
  littleEndian: boolean,
): number | undefined {
  if (offset + RECORD_HEADER_BYTES > buffer.length) return undefined;
  const at = offset + 8;
  const bytes = littleEndian ? buffer.readUInt32LE(at) : buffer.readUInt32BE(at);
  if (bytes > MAX_RECORD_BYTES) throw new NotPcap(`a record claims ${bytes} bytes`);
  return RECORD_HEADER_BYTES + bytes;
}

/** An unsigned word of 32 bits. Faster than Buffer's methods, which check their arguments each time. */
export function wordAt(bytes: Uint8Array, at: number, littleEndian: boolean): number {
  const a = bytes[at] as number;
  const b = bytes[at + 1] as number;
  const c = bytes[at + 2] as number;
  const d = bytes[at + 3] as number;
  return (
    (littleEndian ? (d << 24) | (c << 16) | (b << 8) | a : (a << 24) | (b << 16) | (c << 8) | d) >>>
    0
  );
}
