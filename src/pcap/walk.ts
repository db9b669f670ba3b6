import type { Moment } from './moment.ts';
import { MAX_PACKET_BYTES } from './packetCursor.ts';
import { type PcapHeader, readPcapHeader } from './pcapHeader.ts';
import { FILE_HEADER_BYTES, NotPcap, wordAt } from './records.ts';

/** No header of a file or of a packet is longer. */
const MAX_HEADER_BYTES = 24;

/** What a walk from packet to packet found. */
export interface PcapWalk {
  readonly bytes: number;
  /** Where the last whole packet ends; less than `bytes` when the file ends within a packet. */
  readonly wholeBytes: number;
  readonly packets: number;
  /** Of the first and of the last whole packet, in the order of the file. */
  readonly first?: Moment;
  readonly last?: Moment;
  /** Why there is no packet where one should begin: the file is damaged from `wholeBytes` on. */
  readonly damage?: string;
}

/**
 * Walks from packet to packet through a classic pcap file whose bytes come in pieces. Reads the headers only: the
 * packets themselves are neither copied nor looked at. Never throws: what it finds is the answer.
 */
export class PcapWalker {
  #bytes = 0;
  #wholeBytes = 0;
  #packets = 0;
  #first: Moment | undefined;
  #damage: string | undefined;
  #file: PcapHeader | undefined;
  /** The header that is being read: of the file, then of each packet. A piece may end within it. */
  readonly #header = Buffer.alloc(MAX_HEADER_BYTES);
  #headerLength = FILE_HEADER_BYTES;
  #held = 0;
  /** Bytes of the current packet that have not come; undefined while its header has not come whole. */
  #missing: number | undefined;
  /** Of the current packet, and of the last whole one. */
  #seconds = 0;
  #nanoseconds = 0;
  #lastSeconds = 0;
  #lastNanoseconds = 0;

  /** Takes the next bytes of the file. */
  walk(chunk: Buffer): void {
    const begin = this.#bytes;
    this.#bytes += chunk.length;
    let at = 0;
    while (at < chunk.length && this.#damage === undefined) {
      if (this.#missing === undefined) {
        at = this.#takeHeader(chunk, at);
        if (this.#missing === undefined) continue;
      } else {
        const skipped = Math.min(this.#missing, chunk.length - at);
        this.#missing -= skipped;
        at += skipped;
      }
      if (this.#missing === 0) this.#end(begin + at);
    }
  }

  get found(): PcapWalk {
    return {
      bytes: this.#bytes,
      wholeBytes: this.#wholeBytes,
      packets: this.#packets,
      ...(this.#first && {
        first: this.#first,
        last: { seconds: this.#lastSeconds, nanoseconds: this.#lastNanoseconds },
      }),
      ...(this.#damage !== undefined && { damage: this.#damage }),
    };
  }

  /** Reads a header as far as the chunk holds it from `at` on; gives where it ended. */
  #takeHeader(chunk: Buffer, at: number): number {
    const wanted = this.#headerLength - this.#held;
    const end = Math.min(at + wanted, chunk.length);
    if (this.#held === 0 && end - at === wanted) {
      this.#read(chunk, at);
      return end;
    }
    chunk.copy(this.#header, this.#held, at, end);
    this.#held += end - at;
    if (end - at === wanted) {
      this.#held = 0;
      this.#read(this.#header, 0);
    }
    return end;
  }

  /** A whole header is there. */
  #read(bytes: Buffer, at: number): void {
    if (this.#file) this.#readRecord(bytes, at, this.#file);
    else this.#readFileHeader(bytes, at);
  }

  #readFileHeader(bytes: Buffer, at: number): void {
    try {
      this.#file = readPcapHeader(bytes, at);
      this.#headerLength = this.#file.recordHeaderBytes;
      this.#wholeBytes = FILE_HEADER_BYTES;
    } catch (error) {
      if (!(error instanceof NotPcap)) throw error;
      this.#damage = error.message;
    }
  }

  #readRecord(bytes: Buffer, at: number, { littleEndian, nanosecondsPerTick }: PcapHeader): void {
    const seconds = wordAt(bytes, at, littleEndian);
    const nanoseconds = wordAt(bytes, at + 4, littleEndian) * nanosecondsPerTick;
    const captured = wordAt(bytes, at + 8, littleEndian);
    const original = wordAt(bytes, at + 12, littleEndian);
    if (captured > MAX_PACKET_BYTES) this.#damage = `a record claims ${captured} bytes`;
    else if (nanoseconds >= 1e9) this.#damage = 'a packet has an invalid time';
    // What a disk kept room for and never got are zeros, which would read as empty packets.
    else if (seconds === 0 && nanoseconds === 0 && captured === 0 && original === 0)
      this.#damage = 'zeros instead of a packet';
    else {
      this.#seconds = seconds;
      this.#nanoseconds = nanoseconds;
      this.#missing = captured;
    }
  }

  /** The current packet ends at `position` in the file. */
  #end(position: number): void {
    this.#missing = undefined;
    this.#wholeBytes = position;
    this.#packets += 1;
    this.#first ??= { seconds: this.#seconds, nanoseconds: this.#nanoseconds };
    this.#lastSeconds = this.#seconds;
    this.#lastNanoseconds = this.#nanoseconds;
  }
}
