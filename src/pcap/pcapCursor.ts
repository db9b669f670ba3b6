import { ByteWindow } from './byteWindow.ts';
import { type CapturedInterface, MAX_PACKET_BYTES, type PacketCursor } from './packetCursor.ts';
import {
  FILE_HEADER_BYTES,
  isLittleEndian,
  NotPcap,
  RECORD_HEADER_BYTES,
  recordLength,
} from './records.ts';

/** Magic numbers of files with nanoseconds; the others count microseconds. */
const NANOSECOND_MAGICS = new Set([0x4d3cb2a1, 0xa1b23c4d]);

/** The link type stands in the lower half of its word; above it is the length of checksums. */
const LINK_TYPE_MASK = 0xffff;

/** Goes through a classic pcap stream, of either byte order, in microseconds or nanoseconds. */
export class PcapCursor implements PacketCursor {
  readonly interfaces: CapturedInterface[] = [];
  readonly interfaceIndex = 0;
  seconds = 0;
  nanoseconds = 0;
  originalLength = 0;
  start = 0;
  end = 0;
  readonly #window = new ByteWindow();
  #littleEndian = true;
  #nanosecondsPerTick = 1;

  push(chunk: Buffer): void {
    this.#window.push(chunk);
  }

  get pending(): number {
    return this.#window.pending;
  }

  get bytes(): Buffer {
    return this.#window.bytes;
  }

  next(): boolean {
    const window = this.#window;
    if (this.interfaces.length === 0 && !this.#readHeader()) return false;
    const { bytes, at } = window;
    const length = recordLength(bytes, at, this.#littleEndian);
    if (length === undefined || !window.has(length)) return false;
    if (length - RECORD_HEADER_BYTES > MAX_PACKET_BYTES)
      throw new NotPcap(`a packet of ${length - RECORD_HEADER_BYTES} bytes`);
    const ticks = this.#word(at + 4);
    this.seconds = this.#word(at);
    this.nanoseconds = ticks * this.#nanosecondsPerTick;
    this.originalLength = this.#word(at + 12);
    this.start = at + RECORD_HEADER_BYTES;
    this.end = at + length;
    window.at += length;
    return true;
  }

  #readHeader(): boolean {
    const window = this.#window;
    if (!window.has(FILE_HEADER_BYTES)) return false;
    const header = window.bytes.subarray(window.at, window.at + FILE_HEADER_BYTES);
    this.#littleEndian = isLittleEndian(header);
    const nanoseconds = NANOSECOND_MAGICS.has(header.readUInt32BE(0));
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
    return this.#littleEndian ? bytes.readUInt32LE(at) : bytes.readUInt32BE(at);
  }
}
