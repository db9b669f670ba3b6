import type { PacketCutter } from '../../pcap/packetCutter.ts';
import { FILE_HEADER_BYTES } from '../../pcap/records.ts';

/**
 * Joins the files of a recording into one pcap stream: the first file with its header, the later ones without. An
 * incomplete packet at the end of a file, or where the ring removed the rest, is dropped. A file whose packets have
 * another link type, or another form, cannot follow those before: it begins a new stream with its own header.
 */
export class FileJoiner {
  readonly #packets: PacketCutter;
  /** The header of the current stream. */
  #header: Buffer = Buffer.alloc(0);
  /** The header of the current file, as far as it has come. */
  #next: Buffer = Buffer.alloc(0);

  constructor(packets: PacketCutter) {
    this.#packets = packets;
  }

  /**
   * Takes the next bytes of the current file, which stand at `offset` in it; gives whole packets. `begins`: they begin
   * a new stream with a header, which can happen with the first bytes of a file only.
   */
  take(offset: number, bytes: Buffer): { readonly whole: Buffer; readonly begins: boolean } {
    if (offset >= FILE_HEADER_BYTES) return { whole: this.#packets.cut(bytes), begins: false };
    const headerPart = bytes.subarray(0, FILE_HEADER_BYTES - offset);
    // After a resumption bytes may come again.
    this.#next = Buffer.concat([this.#next.subarray(0, offset), headerPart]);
    if (this.#next.length < FILE_HEADER_BYTES) return { whole: Buffer.alloc(0), begins: false };
    const rest = bytes.subarray(headerPart.length);
    const isFirst = this.#header.length === 0;
    if (!isFirst && isSameForm(this.#header, this.#next))
      return { whole: this.#packets.cut(rest), begins: false };
    if (!isFirst) this.#packets.beginAgain();
    this.#header = this.#next;
    return { whole: this.#packets.cut(Buffer.concat([this.#next, rest])), begins: !isFirst };
  }

  /** The next bytes are the beginning of another file. */
  nextFile(): void {
    this.#packets.dropRest();
    this.#next = Buffer.alloc(0);
  }
}

/** Whether records after the one header can stand after the other: byte order, unit of time, link type. */
function isSameForm(one: Buffer, other: Buffer): boolean {
  return (
    one.subarray(0, 4).equals(other.subarray(0, 4)) &&
    one.subarray(20, FILE_HEADER_BYTES).equals(other.subarray(20, FILE_HEADER_BYTES))
  );
}
