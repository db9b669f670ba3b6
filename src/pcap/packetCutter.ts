import { PcapCursor } from './pcapCursor.ts';
import { FILE_HEADER_BYTES } from './records.ts';

/**
 * Cuts a pcap stream at packet boundaries, so that whatever happens to the stream or to the output, what was passed on
 * ends with a whole packet; counts as it goes. Copies only packets that straddle two chunks.
 */
export class PacketCutter {
  packets = 0;
  /** Bytes passed on, file header included. */
  bytes = 0;
  /** True once `maxBytes` left no room for the next packet: nothing more is passed on. */
  full = false;
  readonly #maxBytes: number;
  readonly #cursor = new PcapCursor();

  constructor(maxBytes = Number.POSITIVE_INFINITY) {
    this.#maxBytes = maxBytes;
  }

  /** Whether the file header has come. */
  get begun(): boolean {
    return this.#cursor.begun;
  }

  /** Forgets the part of a packet that has come: the rest never will. */
  dropRest(): void {
    this.#cursor.dropPending();
  }

  /** Takes the next bytes of the stream and gives the whole packets they complete (may be empty). Throws NotPcap. */
  cut(chunk: Buffer): Buffer {
    if (this.full) return chunk.subarray(0, 0);
    const cursor = this.#cursor;
    cursor.push(chunk);
    while (cursor.next()) {
      if (this.bytes + cursor.end > this.#maxBytes) {
        this.full = true;
        cursor.rewind(cursor.recordStart);
        break;
      }
      this.packets += 1;
    }
    this.bytes += cursor.at;
    return cursor.bytes.subarray(0, cursor.at);
  }

  /**
   * The end of the last whole packet within the first `length` bytes of the chunk that `cut` gave last: what stays
   * readable when a disk took only part of it.
   */
  wholeWithin(chunk: Buffer, length: number): number {
    const cursor = this.#cursor;
    const { at } = cursor;
    let whole = chunk.length === this.bytes ? FILE_HEADER_BYTES : 0;
    if (length < whole) return 0;
    cursor.rewind(whole);
    while (whole < at && cursor.next() && cursor.end <= length) whole = cursor.end;
    cursor.rewind(at);
    return whole;
  }
}
