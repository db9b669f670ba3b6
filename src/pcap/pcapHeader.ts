import type { CapturedInterface } from './packetCursor.ts';
import { InvalidPcapError, RECORD_HEADER_BYTES, readU32 } from './records.ts';

/** Magic numbers by byte order, read as big-endian words. */
const LITTLE_ENDIAN_MAGICS = new Set([0xd4c3b2a1, 0x4d3cb2a1]);
const BIG_ENDIAN_MAGICS = new Set([0xa1b2c3d4, 0xa1b23c4d]);

/**
 * Magic numbers of a variant whose record headers have more fields, such as an interface index (Alexey Kuznetsov's
 * patch to libpcap). Wireshark and libpcap read it too.
 */
const EXTENDED_LITTLE_ENDIAN = 0x34cdb2a1;
const EXTENDED_BIG_ENDIAN = 0xa1b2cd34;
const EXTENDED_RECORD_HEADER_BYTES = 24;

/** Magic numbers of files with nanoseconds. All others have microseconds. */
const NANOSECOND_MAGICS = new Set([0x4d3cb2a1, 0xa1b23c4d]);

/** The link type is the lower half of its word. The upper half has the length of the frame check sequence. */
const LINK_TYPE_MASK = 0xffff;

/** The header of a classic pcap file, as far as it is needed to read the records. */
export interface PcapHeader {
  readonly littleEndian: boolean;
  readonly nanosecondsPerTick: 1 | 1000;
  readonly recordHeaderBytes: number;
  readonly capturedInterface: CapturedInterface;
}

/** Reads the file header (FILE_HEADER_BYTES) at `at`. Throws InvalidPcapError if it is not one. */
export function readPcapHeader(bytes: Buffer, at: number): PcapHeader {
  const magic = bytes.readUInt32BE(at);
  const extended = magic === EXTENDED_LITTLE_ENDIAN || magic === EXTENDED_BIG_ENDIAN;
  const littleEndian = LITTLE_ENDIAN_MAGICS.has(magic) || magic === EXTENDED_LITTLE_ENDIAN;
  if (!extended && !littleEndian && !BIG_ENDIAN_MAGICS.has(magic))
    throw new InvalidPcapError(
      `it begins with ${magic.toString(16).padStart(8, '0')}, not with a pcap header`,
    );
  const nanoseconds = NANOSECOND_MAGICS.has(magic);
  return {
    littleEndian,
    nanosecondsPerTick: nanoseconds ? 1 : 1000,
    recordHeaderBytes: extended ? EXTENDED_RECORD_HEADER_BYTES : RECORD_HEADER_BYTES,
    capturedInterface: {
      linkType: readU32(bytes, at + 20, littleEndian) & LINK_TYPE_MASK,
      snapLength: readU32(bytes, at + 16, littleEndian),
      resolution: nanoseconds ? 9 : 6,
      comments: [],
    },
  };
}
