import { ByteWindow } from './byteWindow.ts';
import { type CapturedInterface, MAX_PACKET_BYTES, type PacketCursor } from './packetCursor.ts';
import { FILE_HEADER_BYTES, NotPcap, RECORD_HEADER_BYTES, wordAt } from './records.ts';

/** Magic numbers as their bytes stand in the file, with the byte order they announce. */
const LITTLE_ENDIAN_MAGICS = new Set([0xd4c3b2a1, 0x4d3cb2a1]);
const BIG_ENDIAN_MAGICS = new Set([0xa1b2c3d4, 0xa1b23c4d]);

/**
 * Magic numbers of a variant whose records have an interface's index and more in front of the packet
 * (Alexey Kuznetsov's patch to libpcap). Wireshark and libpcap read it too.
 */
const EXTENDED_LITTLE_ENDIAN = 0x34cdb2a1;
const EXTENDED_BIG_ENDIAN = 0xa1b2cd34;
const EXTENDED_RECORD_HEADER_BYTES = 24;

/** Magic numbers of files with nanoseconds; the others count microseconds. */
const NANOSECOND_MAGICS = new Set([0x4d3cb2a1, 0xa1b23c4d]);

/** The link type stands in the lower half of its word; above it is the length of checksums. */
const LINK_TYPE_MASK = 0xffff;

const NOTHING: readonly never[] = [];

/** Goes through a classic pcap stream, of either byte order, in microseconds or nanoseconds. */
export class PcapCursor implements PacketCursor {
  readonly interfaces: CapturedInterface[] = [];
  readonly counts = NOTHING;
  readonly lost = 0;
  readonly names = NOTHING;
  readonly sectionComments = NOTHING;
  readonly comments = NOTHING;
  invalidTimes = 0;
  readonly interfaceIndex = 0;
  readonly hasTime = true;
  seconds = 0;
  nanoseconds = 0;
  originalLength = 0;
  /** Where the record of the current packet begins in `bytes`, its header included. */
  recordStart = 0;
  start = 0;
  end = 0;
  readonly #window = new ByteWindow();
  #littleEndian = true;
  #nanosecondsPerTick = 1;
  #recordHeaderBytes = RECORD_HEADER_BYTES;

  push(chunk: Buffer, headroom?: number): void {
    this.#window.push(chunk, headroom);
  }

  get pending(): number {
    return this.#window.pending;
  }

  get bytes(): Buffer {
    return this.#window.bytes;
  }

  /** Where the first byte that was not passed stands in `bytes`. */
  get at(): number {
    return this.#window.at;
  }

  /** Whether the file header was passed. */
  get begun(): boolean {
    return this.interfaces.length > 0;
  }

  /** Forgets the part of a packet that has come: the rest never will. */
  dropPending(): void {
    this.#window.dropPending();
  }

  /** Goes back to a record that begins at `at` in `bytes`. */
  rewind(at: number): void {
    this.#window.at = at;
  }

  next(): boolean {
    const window = this.#window;
    if (!this.begun && !this.#readHeader()) return false;
    const { at } = window;
    const header = this.#recordHeaderBytes;
    if (!window.has(header)) return false;
    const captured = this.#word(at + 8);
    if (captured > MAX_PACKET_BYTES) throw new NotPcap(`a record claims ${captured} bytes`);
    if (!window.has(header + captured)) return false;
    const ticks = this.#word(at + 4);
    this.seconds = this.#word(at);
    this.nanoseconds = ticks * this.#nanosecondsPerTick;
    if (this.nanoseconds >= 1e9) {
      this.nanoseconds = 0;
      this.invalidTimes += 1;
    }
    this.originalLength = this.#word(at + 12);
    this.recordStart = at;
    this.start = at + header;
    this.end = this.start + captured;
    window.at = this.end;
    return true;
  }

  #readHeader(): boolean {
    const window = this.#window;
    if (!window.has(FILE_HEADER_BYTES)) return false;
    const header = window.bytes.subarray(window.at, window.at + FILE_HEADER_BYTES);
    const magic = header.readUInt32BE(0);
    const nanoseconds = NANOSECOND_MAGICS.has(magic);
    if (magic === EXTENDED_LITTLE_ENDIAN || magic === EXTENDED_BIG_ENDIAN) {
      this.#recordHeaderBytes = EXTENDED_RECORD_HEADER_BYTES;
      this.#littleEndian = magic === EXTENDED_LITTLE_ENDIAN;
    } else if (LITTLE_ENDIAN_MAGICS.has(magic)) this.#littleEndian = true;
    else if (BIG_ENDIAN_MAGICS.has(magic)) this.#littleEndian = false;
    else throw new NotPcap(`not a pcap stream: it begins with ${header.toString('hex', 0, 4)}`);
    this.#nanosecondsPerTick = nanoseconds ? 1 : 1000;
    this.interfaces.push({
      linkType: this.#word(window.at + 20) & LINK_TYPE_MASK,
      snapLength: this.#word(window.at + 16),
      resolution: nanoseconds ? 9 : 6,
      comments: [],
    });
    window.at += FILE_HEADER_BYTES;
    return true;
  }

  #word(at: number): number {
    const { bytes } = this.#window;
    return wordAt(bytes, at, this.#littleEndian);
  }
}
