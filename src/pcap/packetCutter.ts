import { PcapCursor } from './pcapCursor.ts';
import { FILE_HEADER_BYTES } from './records.ts';

/**
 * Splits a pcap stream at packet boundaries, so that the output ends with a whole packet even if the stream or the
 * output fails. Counts packets and bytes. Copies only packets that straddle two chunks.
 */
export class PacketCutter {
  packets = 0;
  /** Bytes returned so far, including the file header. */
  bytes = 0;
  /** True once the next packet would exceed `maxBytes`. No more packets are returned then. */
  isFull = false;
  readonly #maxBytes: number;
  #cursor = new PcapCursor();
  /** The length of the file header at the start of the last result of `cut`. */
  #headerBytes = 0;

  constructor(maxBytes = Number.POSITIVE_INFINITY) {
    this.#maxBytes = maxBytes;
  }

  /** Discards an incomplete packet whose rest will not arrive. */
  dropIncomplete(): void {
    this.#cursor.dropPending();
  }

  /** The next bytes are another stream with its own header. The counts and the limit continue. */
  startNewFile(): void {
    this.#cursor = new PcapCursor();
  }

  /** The link type of the packets, once the file header has arrived (LINKTYPE_, tcpdump.org/linktypes.html). */
  get linkType(): number | undefined {
    return this.#cursor.interfaces[0]?.linkType;
  }

  /**
   * Takes the next bytes of the stream. Returns the whole packets that they complete, which may be empty. Throws
   * InvalidPcapError.
   */
  cut(chunk: Buffer): Buffer {
    if (this.isFull) return chunk.subarray(0, 0);
    const cursor = this.#cursor;
    const { hasHeader: hadHeader } = cursor;
    cursor.push(chunk);
    while (cursor.next()) {
      if (this.bytes + cursor.end > this.#maxBytes) {
        this.isFull = true;
        cursor.rewind(cursor.recordStart);
        break;
      }
      this.packets += 1;
    }
    this.bytes += cursor.at;
    this.#headerBytes = !hadHeader && cursor.hasHeader ? FILE_HEADER_BYTES : 0;
    return cursor.bytes.subarray(0, cursor.at);
  }

  /**
   * The end of the last whole packet within the first `length` bytes of the last result of `cut`: what stays readable
   * if only a part of it could be written.
   */
  completeBytesWithin(chunk: Buffer, length: number): number {
    const cursor = this.#cursor;
    const { at } = cursor;
    let completeBytes = Math.min(this.#headerBytes, chunk.length);
    if (length < completeBytes) return 0;
    cursor.rewind(completeBytes);
    while (completeBytes < at && cursor.next() && cursor.end <= length) completeBytes = cursor.end;
    cursor.rewind(at);
    return completeBytes;
  }
}
