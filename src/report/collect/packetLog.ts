/** 32-bit words in a record: time (two), number, ordinal, sequence, acknowledgment, length, marks, IP id. */
const RECORD_WORDS = 10;
const RECORD_DOUBLES = RECORD_WORDS / 2;
const INITIAL_CAPACITY = 8;
const MAX_PACKETS = 240;
/** When a log is thinned out, this share of it is kept at each end of the conversation. */
const EDGE_SHARE = 0.15;
/** How many packets are kept before a packet with trouble. */
const CONTEXT_PACKETS = 4;
/** How many packets to search backwards for the original of a retransmission. */
const MAX_LOOK_BACK = 200;

/** A bit of a record's marks, above the TCP flags: keep this packet. */
export const KEEP_BIT = 1 << 30;

/** Limits how many packets all logs of a run keep together. */
export class PacketBudget {
  #left: number;
  /** The last part of the budget, reserved for packets with trouble. */
  readonly #reserve: number;

  constructor(packets: number) {
    this.#left = packets;
    this.#reserve = packets / 4;
  }

  take(packets: number, hasTrouble: boolean): boolean {
    if (this.#left - packets < (hasTrouble ? 0 : this.#reserve)) return false;
    this.#left -= packets;
    return true;
  }

  giveBack(packets: number): void {
    this.#left += packets;
  }
}

/** What is kept of a packet. */
export interface LoggedPacket {
  /** Nanoseconds. */
  readonly time: number;
  readonly number: number;
  /** The packet's position in its conversation, from 1. */
  readonly ordinal: number;
  /** 32 bits, signed. */
  readonly sequence: number;
  readonly acknowledgment: number;
  readonly length: number;
  readonly marks: number;
  /** -1 if the packet has none. */
  readonly ipId: number;
}

/**
 * The packets of one conversation for its diagram. Of a long conversation it keeps the beginning, the end, and the
 * packets with trouble in between, with some packets around them.
 */
export class PacketLog {
  count = 0;
  /** How many packets the conversation has, kept or not. */
  ordinal = 0;
  #capacity = 0;
  #times = new Float64Array(0);
  #words = new Int32Array(0);
  readonly #budget: PacketBudget;

  constructor(budget: PacketBudget) {
    this.#budget = budget;
  }

  /** Adds a packet. A packet with KEPT in its marks is kept as long as there is any room. */
  add(packet: Omit<LoggedPacket, 'ordinal'>): void {
    this.ordinal += 1;
    const isKept = (packet.marks & KEEP_BIT) !== 0;
    if (this.count === this.#capacity && !this.#makeRoom(isKept)) return;
    const at = this.count;
    this.count += 1;
    this.#times[at * RECORD_DOUBLES] = packet.time;
    const words = this.#words;
    const word = at * RECORD_WORDS;
    words[word + 2] = packet.number;
    words[word + 3] = this.ordinal;
    words[word + 4] = packet.sequence;
    words[word + 5] = packet.acknowledgment;
    words[word + 6] = packet.length;
    words[word + 7] = packet.marks;
    words[word + 8] = packet.ipId;
    if (isKept) this.#keepContext(at);
  }

  at(index: number): LoggedPacket {
    const words = this.#words;
    const word = index * RECORD_WORDS;
    return {
      time: this.#times[index * RECORD_DOUBLES] as number,
      number: words[word + 2] as number,
      ordinal: words[word + 3] as number,
      sequence: words[word + 4] as number,
      acknowledgment: words[word + 5] as number,
      length: words[word + 6] as number,
      marks: (words[word + 7] as number) & ~KEEP_BIT,
      ipId: words[word + 8] as number,
    };
  }

  /** The ordinal of the last kept packet; 0 for none. */
  get lastOrdinal(): number {
    return this.count > 0 ? (this.#words[(this.count - 1) * RECORD_WORDS + 3] as number) : 0;
  }

  numberAt(index: number): number {
    return this.#words[index * RECORD_WORDS + 2] as number;
  }

  /** Sets bits in the marks of a packet. */
  mark(index: number, bits: number): void {
    const word = index * RECORD_WORDS + 7;
    this.#words[word] = (this.#words[word] as number) | bits;
  }

  /** Call it when the conversation is over: returns unused room to the budget. */
  close(): void {
    this.#budget.giveBack(this.#capacity - this.count);
    this.#resize(this.count);
  }

  #makeRoom(isKept: boolean): boolean {
    const growth =
      Math.min(MAX_PACKETS, Math.max(INITIAL_CAPACITY, this.#capacity * 2)) - this.#capacity;
    if (growth > 0 && this.#budget.take(growth, isKept)) {
      this.#resize(this.#capacity + growth);
      return true;
    }
    this.#thinOut();
    return this.count < this.#capacity;
  }

  #resize(capacity: number): void {
    const memory = new ArrayBuffer(capacity * RECORD_WORDS * 4);
    const words = new Int32Array(memory);
    words.set(this.#words.subarray(0, this.count * RECORD_WORDS));
    this.#words = words;
    this.#times = new Float64Array(memory);
    this.#capacity = capacity;
  }

  /** Marks what surrounds a packet with trouble: the packets just before it, and the one it repeats. */
  #keepContext(at: number): void {
    for (let earlier = Math.max(0, at - CONTEXT_PACKETS); earlier < at; earlier++)
      this.mark(earlier, KEEP_BIT);
    const words = this.#words;
    const word = at * RECORD_WORDS;
    if (words[word + 6] === 0) return;
    const fromClient = (words[word + 7] as number) & 0x100;
    for (let earlier = at - 1; earlier >= Math.max(0, at - MAX_LOOK_BACK); earlier--) {
      const earlierWord = earlier * RECORD_WORDS;
      if (words[earlierWord + 4] !== words[word + 4]) continue;
      if (((words[earlierWord + 7] as number) & 0x100) !== fromClient) continue;
      this.mark(earlier, KEEP_BIT);
      return;
    }
  }

  /** Drops ordinary packets. If that frees too little, drops packets from the middle of the rest. */
  #thinOut(): void {
    const edge = Math.ceil(this.#capacity * EDGE_SHARE);
    const last = this.count - edge;
    this.#keepWhere((at) => at < edge || at >= last || this.#isKept(at));
    if (this.count <= this.#capacity * 0.75) return;
    const until = Math.floor(this.#capacity / 2);
    const from = this.count - Math.floor(this.#capacity / 4);
    this.#keepWhere((at) => at < until || at >= from);
  }

  #isKept(at: number): boolean {
    return ((this.#words[at * RECORD_WORDS + 7] as number) & KEEP_BIT) !== 0;
  }

  #keepWhere(isWanted: (at: number) => boolean): void {
    let to = 0;
    for (let at = 0; at < this.count; at++) {
      if (!isWanted(at)) continue;
      if (to !== at)
        this.#words.copyWithin(to * RECORD_WORDS, at * RECORD_WORDS, (at + 1) * RECORD_WORDS);
      to += 1;
    }
    this.count = to;
  }
}
