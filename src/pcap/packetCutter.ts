import { FILE_HEADER_BYTES, isLittleEndian, recordLength } from './records.ts';

/**
 * Cuts a pcap stream at packet boundaries, so that whatever happens to the stream or to us, what
 * was passed on ends with a whole packet; counts as it goes. Copies only what straddles two chunks.
 */
export class PacketCutter {
  packets = 0;
  /** Bytes passed on, file header included. */
  bytes = 0;
  /** True once `maxBytes` left no room for the next packet: nothing more is passed on. */
  full = false;
  readonly #maxBytes: number;
  #littleEndian: boolean | undefined;
  #rest: Buffer = Buffer.alloc(0);

  constructor(maxBytes = Number.POSITIVE_INFINITY) {
    this.#maxBytes = maxBytes;
  }

  /** Whether the file header has come. */
  get begun(): boolean {
    return this.#littleEndian !== undefined;
  }

  /** Forgets the part of a packet that has come: what completes it never will. */
  dropRest(): void {
    this.#rest = Buffer.alloc(0);
  }

  /** Takes the next bytes of the stream and gives the whole packets they complete (may be empty). */
  cut(chunk: Buffer): Buffer {
    if (this.full) return chunk.subarray(0, 0);
    const data = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    let end = 0;
    if (this.#littleEndian === undefined) {
      if (data.length < FILE_HEADER_BYTES) return this.#keep(data, 0);
      this.#littleEndian = isLittleEndian(data);
      end = FILE_HEADER_BYTES;
    }
    for (;;) {
      const length = recordLength(data, end, this.#littleEndian);
      if (length === undefined || end + length > data.length) break;
      if (this.bytes + end + length > this.#maxBytes) {
        this.full = true;
        break;
      }
      end += length;
      this.packets += 1;
    }
    return this.#keep(data, end);
  }

  /**
   * The end of the last whole packet within the first `length` bytes of the chunk given last: what
   * stays readable when a disk took only part of it.
   */
  wholeWithin(chunk: Buffer, length: number): number {
    let end = chunk.length === this.bytes ? FILE_HEADER_BYTES : 0;
    if (this.#littleEndian === undefined || length < end) return 0;
    for (;;) {
      const next = recordLength(chunk, end, this.#littleEndian);
      if (next === undefined || end + next > length) return end;
      end += next;
    }
  }

  #keep(data: Buffer, end: number): Buffer {
    // A copy, so that a few bytes do not hold a whole network buffer in memory.
    this.#rest = Buffer.from(data.subarray(end));
    this.bytes += end;
    return data.subarray(0, end);
  }
}
