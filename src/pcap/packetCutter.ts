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
  #cursor = new PcapCursor();
  /** Bytes of a file header at the beginning of what `cut` gave last. */
  #headerBytes = 0;

  constructor(maxBytes = Number.POSITIVE_INFINITY) {
    this.#maxBytes = maxBytes;
  }

  /** Forgets the part of a packet that has come: the rest never will. */
  dropRest(): void {
    this.#cursor.dropPending();
  }

  /** What comes next is another stream with its own header; counts and limit continue. */
  beginAgain(): void {
    this.#cursor = new PcapCursor();
  }

  /** The link type of the packets, once the file header has come (LINKTYPE_, tcpdump.org/linktypes.html). */
  get linkType(): number | undefined {
    return this.#cursor.interfaces[0]?.linkType;
  }

  /** Takes the next bytes of the stream and gives the whole packets they complete (may be empty). Throws NotPcap. */
  cut(chunk: Buffer): Buffer {
    if (this.full) return chunk.subarray(0, 0);
    const cursor = this.#cursor;
    const { begun } = cursor;
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
    this.#headerBytes = !begun && cursor.begun ? FILE_HEADER_BYTES : 0;
    return cursor.bytes.subarray(0, cursor.at);
  }

  /**
   * The end of the last whole packet within the first `length` bytes of the chunk that `cut` gave last: what stays
   * readable when a disk took only part of it.
   */
  wholeWithin(chunk: Buffer, length: number): number {
    const cursor = this.#cursor;
    const { at } = cursor;
    let whole = Math.min(this.#headerBytes, chunk.length);
    if (length < whole) return 0;
    cursor.rewind(whole);
    while (whole < at && cursor.next() && cursor.end <= length) whole = cursor.end;
    cursor.rewind(at);
    return whole;
  }
}
