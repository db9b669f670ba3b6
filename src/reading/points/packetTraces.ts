import { i32 } from '../../packets/numbers.ts';
import { FLAG, type Packet, PROTOCOL } from '../../packets/packet.ts';

/** The maximum number of packets remembered for each interface, and in total; 32 bytes each. */
const MAX_PACKETS_EACH = 400_000;
const MAX_PACKETS = 1_200_000;
const FIRST_CAPACITY = 4_096;
const CONTROL = FLAG.syn | FLAG.fin | FLAG.rst;

/** The packets of one direction of a conversation, as a list in PacketTraces. */
export class Trail {
  head = -1;
  tail = -1;
  count = 0;
  /** The TTL of the first packet; -1 before it. */
  ttl = -1;
}

export class ConversationTrace {
  readonly client = new Trail();
  readonly server = new Trail();
}

/**
 * Remembers the properties of packets that NAT does not change, to recognize them at another point. For TCP, `position`
 * is the sequence number and `check` the acknowledgment number; for other protocols they are the first bytes of the
 * payload.
 */
export class PacketTraces {
  #size = 0;
  #next = new Int32Array(FIRST_CAPACITY);
  #positions = new Int32Array(FIRST_CAPACITY);
  #checks = new Int32Array(FIRST_CAPACITY);
  #lengths = new Int32Array(FIRST_CAPACITY);
  #marks = new Int32Array(FIRST_CAPACITY);
  #numbers = new Int32Array(FIRST_CAPACITY);
  #times = new Float64Array(FIRST_CAPACITY);
  /** By interface: the number of remembered packets, and the time of the first one that was not remembered. */
  readonly #counts: number[] = [];
  readonly #fullSince: number[] = [];

  /** Remembers a packet. Must not be called for fragments and copies. */
  add(packet: Packet, trail: Trail, interfaceIndex: number, number: number, now: number): void {
    const count = this.#counts[interfaceIndex] ?? 0;
    if (count >= MAX_PACKETS_EACH || this.#size >= MAX_PACKETS) {
      this.#fullSince[interfaceIndex] ??= now;
      return;
    }
    this.#counts[interfaceIndex] = count + 1;
    const entry = this.#size;
    if (entry === this.#times.length) this.#grow();
    this.#size += 1;
    if (trail.tail < 0) {
      trail.head = entry;
      trail.ttl = packet.ttl;
    } else this.#next[trail.tail] = entry;
    trail.tail = entry;
    trail.count += 1;
    this.#next[entry] = -1;
    this.#lengths[entry] = packet.payloadLength;
    this.#numbers[entry] = number;
    this.#times[entry] = now;
    const isTcp = packet.protocol === PROTOCOL.tcp;
    this.#marks[entry] = ((packet.ipId + 1) << 8) | (isTcp ? packet.flags & CONTROL : 0);
    if (isTcp) {
      this.#positions[entry] = packet.sequence;
      this.#checks[entry] = packet.flags & FLAG.ack ? packet.acknowledgment : 0;
      return;
    }
    // For ICMP, the identifier and the sequence number come before the payload.
    const at = packet.protocol === PROTOCOL.udp ? packet.payloadAt : packet.transportAt + 4;
    const { bytes, end } = packet;
    this.#positions[entry] = at + 4 <= end ? i32(bytes, at) : 0;
    this.#checks[entry] = at + 8 <= end ? i32(bytes, at + 4) : 0;
  }

  /** The time from which packets of an interface were not remembered; infinite if all were. */
  fullSince(interfaceIndex: number): number {
    return this.#fullSince[interfaceIndex] ?? Number.POSITIVE_INFINITY;
  }

  *entries({ head }: Trail): Generator<number> {
    for (let entry = head; entry >= 0; entry = this.#next[entry] as number) yield entry;
  }

  time(entry: number): number {
    return this.#times[entry] as number;
  }
  number(entry: number): number {
    return this.#numbers[entry] as number;
  }
  position(entry: number): number {
    return this.#positions[entry] as number;
  }
  length(entry: number): number {
    return this.#lengths[entry] as number;
  }
  isReset(entry: number): boolean {
    return ((this.#marks[entry] as number) & FLAG.rst) !== 0;
  }
  /** Whether it carries data, or opens or closes a connection. */
  isMore(entry: number): boolean {
    return this.length(entry) > 0 || ((this.#marks[entry] as number) & CONTROL) !== 0;
  }

  /** Whether two entries are the same packet at two points. Without `withIpId`, the IP identification may differ. */
  isEqual(a: number, b: number, withIpId: boolean): boolean {
    return (
      this.#positions[a] === this.#positions[b] &&
      this.#checks[a] === this.#checks[b] &&
      this.#lengths[a] === this.#lengths[b] &&
      this.#mark(a, withIpId) === this.#mark(b, withIpId)
    );
  }

  /** The same for equal packets. */
  hash(entry: number, withIpId: boolean): number {
    let hash = this.#positions[entry] as number;
    for (const word of [this.#checks[entry], this.#lengths[entry], this.#mark(entry, withIpId)]) {
      hash = Math.imul(hash ^ (word as number), 0x9e3779b1);
      hash ^= hash >>> 15;
    }
    return hash;
  }

  #mark(entry: number, withIpId: boolean): number {
    const controlBits = this.#marks[entry] as number;
    return withIpId ? controlBits : controlBits & CONTROL;
  }

  /** Identifies a conversation by its first packet; undefined if that would match many conversations. */
  fingerprint(trail: Trail): string | undefined {
    const { head } = trail;
    if (head < 0 || (this.#marks[head] as number) < 0x200) return undefined;
    return `${this.#positions[head]} ${this.#checks[head]} ${this.#lengths[head]} ${this.#marks[head]}`;
  }

  #grow(): void {
    const capacity = Math.min(MAX_PACKETS, this.#times.length * 2);
    const larger = (before: Int32Array) => {
      const after = new Int32Array(capacity);
      after.set(before);
      return after;
    };
    this.#next = larger(this.#next);
    this.#positions = larger(this.#positions);
    this.#checks = larger(this.#checks);
    this.#lengths = larger(this.#lengths);
    this.#marks = larger(this.#marks);
    this.#numbers = larger(this.#numbers);
    const times = new Float64Array(capacity);
    times.set(this.#times);
    this.#times = times;
  }
}
