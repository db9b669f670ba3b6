import { PcapCursor } from './pcapCursor.ts';
import { NotPcap } from './records.ts';

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

/** Walks from packet to packet through a classic pcap file whose bytes come in pieces. Never throws: what it finds is the answer. */
export class PcapWalker {
  readonly #cursor = new PcapCursor();
  #bytes = 0;
  #wholeBytes = 0;
  #packets = 0;
  #first: PacketTime | undefined;
  #last: PacketTime | undefined;
  #damage: string | undefined;

  /** Takes the next bytes of the file. */
  walk(chunk: Buffer): void {
    this.#bytes += chunk.length;
    if (this.#damage !== undefined) return;
    const cursor = this.#cursor;
    cursor.push(chunk);
    const before = this.#wholeBytes;
    try {
      while (cursor.next()) this.#packet();
    } catch (error) {
      if (!(error instanceof NotPcap)) throw error;
      this.#damage = error.message;
    }
    this.#wholeBytes = before + cursor.at;
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

  /** Counts the cursor's packet. Throws NotPcap in front of one that no recorder writes. */
  #packet(): void {
    const cursor = this.#cursor;
    const { seconds, nanoseconds, originalLength } = cursor;
    const damage =
      cursor.invalidTimes > 0
        ? 'a packet has an invalid time'
        : // What a disk kept room for and never got are zeros, which would read as empty packets.
          seconds === 0 && nanoseconds === 0 && originalLength === 0 && cursor.start === cursor.end
          ? 'zeros where a packet should begin'
          : undefined;
    if (damage !== undefined) {
      cursor.rewind(cursor.recordStart);
      throw new NotPcap(damage);
    }
    const time = { seconds, nanoseconds };
    this.#packets += 1;
    this.#first ??= time;
    this.#last = time;
  }
}
