import { i32 } from '../packets/numbers.ts';
import { NETWORK, type Packet, PROTOCOL } from '../packets/packet.ts';

/** The number of 32-bit words in a key: two addresses of up to four words, the ports, and the rest. */
const KEY_WORDS = 10;
const PORTS_WORD = 8;
const REST_WORD = 9;
const FIRST_CAPACITY = 1 << 10;

/** Types of ICMP and ICMPv6 requests with their replies. Both belong to one conversation. */
const ICMP_ANSWERS: readonly (readonly [question: number, answer: number])[] = [
  [8, 0],
  [10, 9],
  [13, 14],
  [15, 16],
  [17, 18],
];
const ICMPV6_ANSWERS: readonly (readonly [question: number, answer: number])[] = [
  [128, 129],
  [130, 131],
  [133, 134],
  [135, 136],
  [139, 140],
  [144, 145],
];

/**
 * Maps each type to the type of the request and to the type of the other direction; both are -1 for a type without a
 * counterpart.
 */
function pairTypes(answers: readonly (readonly [question: number, answer: number])[]) {
  const questions = new Int16Array(256).fill(-1);
  const answerTypes = new Int16Array(256).fill(-1);
  for (const [question, answer] of answers) {
    questions[question] = question;
    questions[answer] = question;
    answerTypes[question] = answer;
    answerTypes[answer] = question;
  }
  return { questions, others: answerTypes };
}

const ICMP = pairTypes(ICMP_ANSWERS);
const ICMPV6 = pairTypes(ICMPV6_ANSWERS);

/** The reply type of an ICMP request type, or the reverse; -1 for a type without a counterpart. */
export function icmpCounterpart(protocol: number, type: number): number {
  return (protocol === PROTOCOL.icmp ? ICMP : ICMPV6).others[type] as number;
}

/**
 * Maps packets to conversations, which are numbers chosen by the owner. A hash table with open addressing and keys
 * packed into words, so that a lookup allocates no memory. The key consists of protocol, addresses, ports and
 * interface, and is the same in both directions.
 */
export class FlowTable {
  /** For the last key(): whether the packet was sent by the second endpoint of the key. */
  isReversed = false;
  #size = 0;
  #mask = FIRST_CAPACITY * 2 - 1;
  /** By place: the value + 1, or 0 for a free place. */
  #values = new Int32Array(FIRST_CAPACITY * 2);
  /** By value: its key and the hash of the key. */
  #keys = new Int32Array(FIRST_CAPACITY * KEY_WORDS);
  #hashes = new Int32Array(FIRST_CAPACITY);
  readonly #key = new Int32Array(KEY_WORDS);
  #hash = 0;

  /** Sets the key for the following calls from a packet with addresses, and with ports or an ICMP type. */
  key(packet: Packet, interfaceIndex: number): void {
    const { bytes, sourceAt, destinationAt, protocol } = packet;
    let firstPort = packet.sourcePort;
    let secondPort = packet.destinationPort;
    let isDirected = false;
    if (protocol === PROTOCOL.icmp || protocol === PROTOCOL.icmpv6) {
      const { questions } = protocol === PROTOCOL.icmp ? ICMP : ICMPV6;
      const question = questions[packet.icmpType] as number;
      isDirected = question < 0;
      firstPort = isDirected ? packet.icmpType : question;
      secondPort = isDirected ? packet.icmpCode : question;
    }
    const key = this.#key;
    const isV6 = packet.network === NETWORK.ipv6;
    const words = isV6 ? 4 : 1;
    let order = 0;
    for (let word = 0; word < words && order === 0; word++)
      order = i32(bytes, sourceAt + 4 * word) - i32(bytes, destinationAt + 4 * word);
    if (order === 0) order = firstPort - secondPort;
    const isReversed = order > 0 && !isDirected;
    const firstAt = isReversed ? destinationAt : sourceAt;
    const secondAt = isReversed ? sourceAt : destinationAt;
    for (let word = 0; word < words; word++) {
      key[word] = i32(bytes, firstAt + 4 * word);
      key[4 + word] = i32(bytes, secondAt + 4 * word);
    }
    for (let word = words; word < 4; word++) {
      key[word] = 0;
      key[4 + word] = 0;
    }
    key[PORTS_WORD] = isReversed ? (secondPort << 16) | firstPort : (firstPort << 16) | secondPort;
    key[REST_WORD] =
      (interfaceIndex << 10) | (protocol << 2) | (isDirected ? 2 : 0) | (isV6 ? 1 : 0);
    this.isReversed = isReversed;
    this.#hash = hashOf(key);
  }

  /** The value of the key, or -1 without one. */
  find(): number {
    const mask = this.#mask;
    const hash = this.#hash;
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const value = (this.#values[slot] as number) - 1;
      if (value < 0) return -1;
      if (this.#hashes[value] === hash && this.#hasKey(value)) return value;
    }
  }

  /** Adds a value for the key, which has none yet. Values must be small, because arrays are indexed by them. */
  add(value: number): void {
    if (value >= this.#hashes.length) this.#grow(value + 1);
    if (this.#size * 2 > this.#mask) this.#rehash((this.#mask + 1) * 2);
    this.#keys.set(this.#key, value * KEY_WORDS);
    this.#hashes[value] = this.#hash;
    this.#place(value);
    this.#size += 1;
  }

  /** Moves the key of `before` to `value`. `before` has no key afterwards. */
  replace(before: number, value: number): void {
    if (value >= this.#hashes.length) this.#grow(value + 1);
    const mask = this.#mask;
    let slot = this.#hash & mask;
    while (this.#values[slot] !== before + 1) slot = (slot + 1) & mask;
    this.#values[slot] = value + 1;
    this.#keys.copyWithin(value * KEY_WORDS, before * KEY_WORDS, (before + 1) * KEY_WORDS);
    this.#hashes[value] = this.#hashes[before] as number;
  }

  /** Removes a value that has a key. */
  remove(value: number): void {
    const mask = this.#mask;
    let slot = (this.#hashes[value] as number) & mask;
    while (this.#values[slot] !== value + 1) {
      if (this.#values[slot] === 0) return;
      slot = (slot + 1) & mask;
    }
    this.#size -= 1;
    // Move later entries that could no longer be found past the gap.
    let freeSlot = slot;
    for (let next = (freeSlot + 1) & mask; this.#values[next] !== 0; next = (next + 1) & mask) {
      const preferredSlot = (this.#hashes[(this.#values[next] as number) - 1] as number) & mask;
      if (((next - preferredSlot) & mask) >= ((next - freeSlot) & mask)) {
        this.#values[freeSlot] = this.#values[next] as number;
        freeSlot = next;
      }
    }
    this.#values[freeSlot] = 0;
  }

  #hasKey(value: number): boolean {
    const keys = this.#keys;
    const key = this.#key;
    const at = value * KEY_WORDS;
    return (
      keys[at + 8] === key[8] &&
      keys[at] === key[0] &&
      keys[at + 4] === key[4] &&
      keys[at + 9] === key[9] &&
      keys[at + 1] === key[1] &&
      keys[at + 2] === key[2] &&
      keys[at + 3] === key[3] &&
      keys[at + 5] === key[5] &&
      keys[at + 6] === key[6] &&
      keys[at + 7] === key[7]
    );
  }

  #place(value: number): void {
    const mask = this.#mask;
    let place = (this.#hashes[value] as number) & mask;
    while (this.#values[place] !== 0) place = (place + 1) & mask;
    this.#values[place] = value + 1;
  }

  #grow(least: number): void {
    const capacity = Math.max(least, this.#hashes.length * 2);
    const keys = new Int32Array(capacity * KEY_WORDS);
    keys.set(this.#keys);
    this.#keys = keys;
    const hashes = new Int32Array(capacity);
    hashes.set(this.#hashes);
    this.#hashes = hashes;
  }

  #rehash(places: number): void {
    const before = this.#values;
    this.#values = new Int32Array(places);
    this.#mask = places - 1;
    for (const value of before) if (value > 0) this.#place(value - 1);
  }
}

function hashOf(key: Int32Array): number {
  let hash = 0x811c9dc5 | 0;
  for (let word = 0; word < KEY_WORDS; word++) {
    hash = Math.imul(hash ^ (key[word] as number), 0x9e3779b1);
    hash ^= hash >>> 15;
  }
  return hash;
}
