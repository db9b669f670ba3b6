import {
  FILE_HEADER_BYTES,
  isLittleEndian,
  NotPcap,
  RECORD_HEADER_BYTES,
  recordLength,
} from './records.ts';

/** A packet's time: seconds since 1970, and nanoseconds within the second. */
export interface PacketTime {
  readonly seconds: number;
  readonly nanoseconds: number;
}

/** What a walk from packet to packet found. */
export interface PcapWalk {
  readonly bytes: number;
  /** Where the last whole packet ends; less than `bytes` when the file ends within a packet. */
  readonly wholeBytes: number;
  readonly packets: number;
  /** Of the first and of the last whole packet, in the order of the file. */
  readonly first?: PacketTime;
  readonly last?: PacketTime;
  /** Why there is no packet where one should begin: the file is damaged from `wholeBytes` on. */
  readonly damage?: string;
}

const NANOSECOND_MAGIC = 0xa1b23c4d;

/**
 * Walks through a classic pcap file as its bytes come by, both byte orders, micro- and nanoseconds:
 * reads the headers only, keeps nothing, and never throws, for what it finds is the answer.
 */
export class PcapWalker {
  #bytes = 0;
  #wholeBytes = 0;
  #packets = 0;
  #first: PacketTime | undefined;
  #last: PacketTime | undefined;
  #damage: string | undefined;
  #littleEndian = true;
  #nanoseconds = false;
  /** The beginning of a header that the next chunk goes on with. */
  #rest: Buffer = Buffer.alloc(0);
  /** The packet whose data is coming by: where it ends, and its time. */
  #end = 0;
  #time: PacketTime | undefined;
  #begun: PacketTime | undefined;

  /** The time of the first packet, known as soon as its header has come by. */
  get begun(): PacketTime | undefined {
    return this.#begun;
  }

  /** Takes the next bytes of the file. */
  walk(chunk: Buffer): void {
    const begin = this.#bytes - this.#rest.length;
    this.#bytes += chunk.length;
    if (this.#damage !== undefined) return;
    const data = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    this.#rest = EMPTY;
    try {
      this.#walk(data, begin);
    } catch (error) {
      if (!(error instanceof NotPcap)) throw error;
      this.#damage = error.message;
    }
  }

  get found(): PcapWalk {
    return {
      bytes: this.#bytes,
      wholeBytes: this.#wholeBytes,
      packets: this.#packets,
      ...(this.#first && { first: this.#first }),
      ...(this.#last && { last: this.#last }),
      ...(this.#damage !== undefined && { damage: this.#damage }),
    };
  }

  /** `data` stands at `begin` in the file, and a header begins in it or after it. */
  #walk(data: Buffer, begin: number): void {
    const end = begin + data.length;
    if (this.#wholeBytes === 0 && !this.#fileHeader(data)) return;
    for (;;) {
      if (this.#time) {
        if (this.#end > end) return;
        this.#packetEnded(this.#time);
      }
      const at = this.#wholeBytes - begin;
      const length = recordLength(data, at, this.#littleEndian);
      if (length === undefined) {
        // A copy, so that a few bytes do not hold a whole network buffer in memory.
        this.#rest = Buffer.from(data.subarray(at));
        return;
      }
      this.#time = this.#packetTime(data, at, length);
      this.#begun ??= this.#time;
      this.#end = this.#wholeBytes + length;
    }
  }

  #fileHeader(data: Buffer): boolean {
    if (data.length < FILE_HEADER_BYTES) {
      this.#rest = Buffer.from(data);
      return false;
    }
    this.#littleEndian = isLittleEndian(data);
    this.#nanoseconds = this.#word(data, 0) === NANOSECOND_MAGIC;
    this.#wholeBytes = FILE_HEADER_BYTES;
    return true;
  }

  #packetEnded(time: PacketTime): void {
    this.#wholeBytes = this.#end;
    this.#packets += 1;
    this.#first ??= time;
    this.#last = time;
    this.#time = undefined;
  }

  #packetTime(data: Buffer, at: number, length: number): PacketTime {
    const seconds = this.#word(data, at);
    const fraction = this.#word(data, at + 4);
    // What a disk kept room for and never got are zeros, and zeros would read as empty packets.
    if (seconds === 0 && fraction === 0 && length === RECORD_HEADER_BYTES)
      throw new NotPcap('zeros where a packet should begin');
    if (fraction >= (this.#nanoseconds ? 1e9 : 1e6))
      throw new NotPcap(`a packet claims ${fraction} parts of a second`);
    return { seconds, nanoseconds: this.#nanoseconds ? fraction : fraction * 1000 };
  }

  #word(data: Buffer, at: number): number {
    return this.#littleEndian ? data.readUInt32LE(at) : data.readUInt32BE(at);
  }
}

const EMPTY = Buffer.alloc(0);
