import type { PacketCutter } from '../../pcap/packetCutter.ts';
import { FILE_HEADER_BYTES } from '../../pcap/records.ts';

/**
 * Makes one pcap stream of the files of a recording: the first one whole, of the later ones the
 * packets alone. What is cut off at the end of a file, or where the ring took the rest away, is left out.
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

  /** What comes next is the begin of another file. */
  nextFile(): void {
    this.#packets.dropRest();
  }
}
