import type { PacketCutter } from '../../pcap/packetCutter.ts';
import { FILE_HEADER_BYTES } from '../../pcap/records.ts';

/**
 * Joins the files of a recording into one pcap stream: the first file with its header, the later ones without. An
 * incomplete packet at the end of a file, or where the ring removed the rest, is dropped.
 */
export class FileJoiner {
  readonly #packets: PacketCutter;

  constructor(packets: PacketCutter) {
    this.#packets = packets;
  }

  /** Takes the next bytes of the current file, which stand at `offset` in it; gives whole packets. */
  take(offset: number, bytes: Buffer): Buffer {
    if (!this.#packets.begun) return this.#packets.cut(bytes);
    return this.#packets.cut(bytes.subarray(Math.max(0, FILE_HEADER_BYTES - offset)));
  }

  /** The next bytes are the beginning of another file. */
  nextFile(): void {
    this.#packets.dropRest();
  }
}
