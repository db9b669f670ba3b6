import { ByteWindow } from './byteWindow.ts';
import { type CapturedInterface, MAX_PACKET_BYTES, type PacketCursor } from './packetCursor.ts';
import { readPcapHeader } from './pcapHeader.ts';
import { FILE_HEADER_BYTES, InvalidPcapError, RECORD_HEADER_BYTES, readU32 } from './records.ts';

const NONE: readonly never[] = [];

/** Iterates over a classic pcap stream of either byte order, in microseconds or nanoseconds. */
export class PcapCursor implements PacketCursor {
  readonly interfaces: CapturedInterface[] = [];
  readonly counts = NONE;
  readonly lost = 0;
  readonly gaps = NONE;
  readonly names = NONE;
  readonly sectionComments = NONE;
  readonly comments = NONE;
  invalidTimes = 0;
  readonly interfaceIndex = 0;
  readonly hasTime = true;
  seconds = 0;
  nanoseconds = 0;
  originalLength = 0;
  /** The start of the record of the current packet in `bytes`, including its header. */
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

  /** The index in `bytes` of the first unread byte. */
  get at(): number {
    return this.#window.at;
  }

  /** Whether the file header was read. */
  get hasHeader(): boolean {
    return this.interfaces.length > 0;
  }

  /** Discards an incomplete packet whose rest will not arrive. */
  dropPending(): void {
    this.#window.dropPending();
  }

  /** Moves back to the record that begins at `at` in `bytes`. */
  rewind(at: number): void {
    this.#window.at = at;
  }

  next(): boolean {
    const window = this.#window;
    if (!this.hasHeader && !this.#readHeader()) return false;
    const { at } = window;
    const header = this.#recordHeaderBytes;
    if (!window.has(header)) return false;
    const captured = this.#u32(at + 8);
    if (captured > MAX_PACKET_BYTES)
      throw new InvalidPcapError(`a record claims ${captured} bytes`);
    if (!window.has(header + captured)) return false;
    const ticks = this.#u32(at + 4);
    this.seconds = this.#u32(at);
    this.nanoseconds = ticks * this.#nanosecondsPerTick;
    if (this.nanoseconds >= 1e9) {
      this.nanoseconds = 0;
      this.invalidTimes += 1;
    }
    this.originalLength = this.#u32(at + 12);
    this.recordStart = at;
    this.start = at + header;
    this.end = this.start + captured;
    window.at = this.end;
    return true;
  }

  #readHeader(): boolean {
    const window = this.#window;
    if (!window.has(FILE_HEADER_BYTES)) return false;
    const header = readPcapHeader(window.bytes, window.at);
    this.#littleEndian = header.littleEndian;
    this.#nanosecondsPerTick = header.nanosecondsPerTick;
    this.#recordHeaderBytes = header.recordHeaderBytes;
    this.interfaces.push(header.capturedInterface);
    window.at += FILE_HEADER_BYTES;
    return true;
  }

  #u32(at: number): number {
    const { bytes } = this.#window;
    return readU32(bytes, at, this.#littleEndian);
  }
}
