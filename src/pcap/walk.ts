import type { Moment } from './moment.ts';
import { MAX_PACKET_BYTES } from './packetCursor.ts';
import { type PcapHeader, readPcapHeader } from './pcapHeader.ts';
import { FILE_HEADER_BYTES, InvalidPcapError, readU32 } from './records.ts';

/** The longest header of a file or packet. */
const MAX_HEADER_BYTES = 24;

/** The result of walking through a file. */
export interface PcapWalk {
  readonly bytes: number;
  /** The end of the last whole packet; less than `bytes` if the file ends inside a packet. */
  readonly wholeBytes: number;
  readonly packets: number;
  /** The times of the first and last whole packets, in the order of the file. */
  readonly first?: Moment;
  readonly last?: Moment;
  /** Why no packet begins at `wholeBytes`: the file is damaged from there. */
  readonly damage?: string;
}

/**
 * Walks through a classic pcap file that arrives in pieces, from packet to packet. Reads only the headers and copies no
 * packets. Never throws: damage is part of the result.
 */
export class PcapWalker {
  #bytes = 0;
  #wholeBytes = 0;
  #packets = 0;
  #first: Moment | undefined;
  #damage: string | undefined;
  #file: PcapHeader | undefined;
  /** The header being read: of the file, then of each packet. A piece may end within it. */
  readonly #header = Buffer.alloc(MAX_HEADER_BYTES);
  #headerLength = FILE_HEADER_BYTES;
  #headerBytes = 0;
  /** Bytes of the current packet that have not arrived; undefined until its header is complete. */
  #remaining: number | undefined;
  /** The times of the current packet, and of the last whole one. */
  #seconds = 0;
  #nanoseconds = 0;
  #lastSeconds = 0;
  #lastNanoseconds = 0;

  /** Takes the next bytes of the file. */
  walk(chunk: Buffer): void {
    const chunkStart = this.#bytes;
    this.#bytes += chunk.length;
    let at = 0;
    while (at < chunk.length && this.#damage === undefined) {
      if (this.#remaining === undefined) {
        at = this.#readHeaderBytes(chunk, at);
        if (this.#remaining === undefined) continue;
      } else {
        const skippedBytes = Math.min(this.#remaining, chunk.length - at);
        this.#remaining -= skippedBytes;
        at += skippedBytes;
      }
      if (this.#remaining === 0) this.#finishPacket(chunkStart + at);
    }
  }

  get result(): PcapWalk {
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

  /** Reads as much of a header as the chunk contains from `at`. Returns the end of what it read. */
  #readHeaderBytes(chunk: Buffer, at: number): number {
    const missingBytes = this.#headerLength - this.#headerBytes;
    const end = Math.min(at + missingBytes, chunk.length);
    if (this.#headerBytes === 0 && end - at === missingBytes) {
      this.#read(chunk, at);
      return end;
    }
    chunk.copy(this.#header, this.#headerBytes, at, end);
    this.#headerBytes += end - at;
    if (end - at === missingBytes) {
      this.#headerBytes = 0;
      this.#read(this.#header, 0);
    }
    return end;
  }

  /** Called with a whole header. */
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
      if (!(error instanceof InvalidPcapError)) throw error;
      this.#damage = error.message;
    }
  }

  #readRecord(bytes: Buffer, at: number, { littleEndian, nanosecondsPerTick }: PcapHeader): void {
    const seconds = readU32(bytes, at, littleEndian);
    const nanoseconds = readU32(bytes, at + 4, littleEndian) * nanosecondsPerTick;
    const captured = readU32(bytes, at + 8, littleEndian);
    const original = readU32(bytes, at + 12, littleEndian);
    if (captured > MAX_PACKET_BYTES) this.#damage = `a record claims ${captured} bytes`;
    else if (nanoseconds >= 1e9) this.#damage = 'a packet has an invalid time';
    // Space that the disk allocated and that was never written contains zeros, which would read as empty packets.
    else if (seconds === 0 && nanoseconds === 0 && captured === 0 && original === 0)
      this.#damage = 'zeros instead of a packet';
    else {
      this.#seconds = seconds;
      this.#nanoseconds = nanoseconds;
      this.#remaining = captured;
    }
  }

  /** The current packet ends at `position` in the file. */
  #finishPacket(position: number): void {
    this.#remaining = undefined;
    this.#wholeBytes = position;
    this.#packets += 1;
    this.#first ??= { seconds: this.#seconds, nanoseconds: this.#nanoseconds };
    this.#lastSeconds = this.#seconds;
    this.#lastNanoseconds = this.#nanoseconds;
  }
}
