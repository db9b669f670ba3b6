import type { PacketCutter } from '../../pcap/packetCutter.ts';
import { FILE_HEADER_BYTES } from '../../pcap/records.ts';

/**
 * Joins the files of a recording into one pcap stream: the first file with its header, the others without. Drops an
 * incomplete packet at the end of a file or before a gap. A file with another link type or another packet format cannot
 * follow the previous ones: it starts a new stream with its own header.
 */
export class FileJoiner {
  readonly #packets: PacketCutter;
  /** The header of the current stream. */
  #header: Buffer = Buffer.alloc(0);
  /** The header of the current file, as far as it has arrived. */
  #next: Buffer = Buffer.alloc(0);

  constructor(packets: PacketCutter) {
    this.#packets = packets;
  }

  /**
   * Accepts the next bytes of the current file, which start at `offset` in it, and returns whole packets. `startsStream`: the
   * packets start a new stream with a header; true only for the first packets of a file.
   */
  join(offset: number, bytes: Buffer): { readonly whole: Buffer; readonly startsStream: boolean } {
    if (offset >= FILE_HEADER_BYTES)
      return { whole: this.#packets.cut(bytes), startsStream: false };
    const headerPart = bytes.subarray(0, FILE_HEADER_BYTES - offset);
    // After a resumption, the same bytes may arrive again.
    this.#next = Buffer.concat([this.#next.subarray(0, offset), headerPart]);
    if (this.#next.length < FILE_HEADER_BYTES)
      return { whole: Buffer.alloc(0), startsStream: false };
    const rest = bytes.subarray(headerPart.length);
    const isFirst = this.#header.length === 0;
    if (!isFirst && isSameFormat(this.#header, this.#next))
      return { whole: this.#packets.cut(rest), startsStream: false };
    if (!isFirst) this.#packets.startNewFile();
    this.#header = this.#next;
    return { whole: this.#packets.cut(Buffer.concat([this.#next, rest])), startsStream: !isFirst };
  }

  /** The next bytes are the start of another file. */
  nextFile(): void {
    this.#packets.dropIncomplete();
    this.#next = Buffer.alloc(0);
  }
}

/** Whether packets of the second file can follow the first header: byte order, time unit and link type are the same. */
function isSameFormat(a: Buffer, b: Buffer): boolean {
  return (
    a.subarray(0, 4).equals(b.subarray(0, 4)) &&
    a.subarray(20, FILE_HEADER_BYTES).equals(b.subarray(20, FILE_HEADER_BYTES))
  );
}
