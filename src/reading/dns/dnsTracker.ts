import { DNS_TYPE, type DnsMessage } from '../../packets/dns.ts';
import type { Conversation } from '../conversation.ts';
import { Note } from '../notes.ts';
import { DnsFacts, type DnsLookup } from './dnsFacts.ts';
import { SearchWatch } from './searchWatch.ts';

/** Multicast DNS, LLMNR and NetBIOS: questions to all hosts, which need not be answered. */
const MULTICAST_PORTS: ReadonlySet<number> = new Set([137, 5353, 5355]);
/** Lookups remembered at a time, to match answers and repeated questions. */
const MAX_PENDING = 20_000;
const MAX_PAIRS = 10_000;
/** How long to wait for an answer before a question counts as unanswered. Nanoseconds. */
const TIMEOUT_NS = 1e9;
const SLOW_NS = 1e9;
/** Resolvers retry after 5 s (glibc) or 2.5 s (musl). Nanoseconds. */
const RETRY_NS: readonly (readonly [least: number, most: number])[] = [
  [2.3e9, 2.8e9],
  [4.7e9, 5.4e9],
];
/** A resolver sends the questions for A and AAAA of a name within this time. Nanoseconds. */
const SIBLING_NS = 0.2e9;

/** Fewer unanswered questions of a type may be chance. */
const MIN_QUESTIONS = 2;

const SERVFAIL = 2;
const NXDOMAIN = 3;
const REFUSED = 5;

/** The questions of one client to one server. */
export class DnsPair {
  readonly client: string;
  readonly server: string;
  readonly serverPort: number;
  readonly interfaceIndex: number;
  questions = 0;
  answers = 0;
  totalLatency = 0;
  longestLatency = 0;
  /** Conversations over TCP, which follow truncated answers. */
  tcpConversations = 0;
  nxdomains = 0;
  readonly unanswered = new Note();
  readonly servfail = new Note();
  readonly refused = new Note();
  readonly otherErrors = new Note();
  readonly truncated = new Note();
  readonly slow = new Note();
  /** A and AAAA were asked from one socket, and one of them remained unanswered and was repeated. */
  readonly race = new Note();
  /** Questions for AAAA, and how many of them were answered. */
  aaaaQuestions = 0;
  aaaaAnswers = 0;
  /** Some of the names, for the findings. */
  readonly names = new Map<Note, Set<string>>();

  constructor({ client, server, interfaceIndex }: Conversation) {
    this.client = client.address;
    this.server = server.address;
    this.serverPort = server.port;
    this.interfaceIndex = interfaceIndex;
  }

  /** It answers other questions, but not one of several for AAAA. */
  get ignoresAaaa(): boolean {
    return this.aaaaQuestions >= MIN_QUESTIONS && this.aaaaAnswers === 0 && this.answers > 0;
  }

  add(note: Note, lookup: DnsLookup, packet = lookup.packet, time = lookup.time): void {
    note.add(packet, time);
    let names = this.names.get(note);
    if (!names) {
      names = new Set();
      this.names.set(note, names);
    }
    if (names.size < 4) names.add(lookup.name);
  }
}

interface PendingQuestion {
  readonly lookup: DnsLookup;
  readonly conversation: Conversation;
  readonly pair: DnsPair;
}

/** Matches DNS questions with their answers across all conversations. Memory is bounded. */
export class DnsTracker {
  readonly pairs = new Map<string, DnsPair>();
  readonly searches = new SearchWatch();
  /** By conversation and message ID. */
  readonly #pending = new Map<number, PendingQuestion>();
  /** By client, name and type: the last question. */
  readonly #last = new Map<string, PendingQuestion>();

  /** Adds a message. `now` is its time, `packet` its number. */
  add(message: DnsMessage, conversation: Conversation, now: number, packet: number): void {
    conversation.dns ??= new DnsFacts();
    const facts = conversation.dns;
    if (message.isMalformed) facts.malformed += 1;
    const key = conversation.serial * 0x10000 + message.id;
    if (message.isResponse) this.#addAnswer(message, conversation, key, now, packet);
    else this.#addQuestion(message, conversation, key, now, packet);
  }

  /** Call when a TCP conversation with a resolver begins. */
  addTcp(conversation: Conversation): void {
    const pair = this.#pairOf(conversation);
    if (pair) pair.tcpConversations += 1;
  }

  /** Call at the end of the capture. Questions sent well before this time count as unanswered. */
  finish(end: number): void {
    for (const pending of this.#pending.values())
      if (end - pending.lookup.time > TIMEOUT_NS) this.#countUnanswered(pending);
    this.#pending.clear();
    this.#last.clear();
  }

  #addQuestion(
    { id, name, type, questions }: DnsMessage,
    conversation: Conversation,
    key: number,
    now: number,
    packet: number,
  ): void {
    const facts = conversation.dns;
    if (!facts || questions === 0) return;
    facts.questions += 1;
    const earlier = this.#pending.get(key);
    if (earlier?.lookup.name === name && earlier.lookup.type === type) {
      if (earlier.lookup.responses === 0) this.#checkRace(earlier, now);
      earlier.lookup.repeats += 1;
      return;
    }
    const pair = this.#pairOf(conversation);
    if (!pair) return;
    pair.questions += 1;
    if (type === DNS_TYPE.aaaa) pair.aaaaQuestions += 1;
    const lookup: DnsLookup = {
      id,
      name,
      type,
      packet,
      time: now,
      responseCode: -1,
      responsePacket: 0,
      responseTime: -1,
      isTruncated: false,
      responses: 0,
      addresses: [],
      repeats: 0,
    };
    facts.keep(lookup);
    const pending = { lookup, conversation, pair };
    if (earlier) this.#forget(key, earlier);
    this.#pending.set(key, pending);
    if (this.#pending.size > MAX_PENDING) {
      const [oldest] = this.#pending;
      if (oldest) this.#forget(...oldest);
    }
    if (type === DNS_TYPE.a || type === DNS_TYPE.aaaa) this.#rememberForRace(pending, now);
  }

  #addAnswer(
    message: DnsMessage,
    conversation: Conversation,
    key: number,
    now: number,
    packet: number,
  ): void {
    const facts = conversation.dns;
    if (!facts) return;
    facts.answers += 1;
    const { responseCode, isTruncated } = message;
    facts.responseCodes.set(responseCode, (facts.responseCodes.get(responseCode) ?? 0) + 1);
    if (isTruncated) facts.truncated += 1;
    const pending = this.#pending.get(key);
    if (!pending || pending.lookup.name.toLowerCase() !== message.name.toLowerCase()) {
      facts.unsolicited += 1;
      facts.keep(unsolicitedLookup(message, now, packet));
      return;
    }
    const { lookup, pair } = pending;
    lookup.responses += 1;
    // Only the first answer to a question counts.
    if (lookup.responses > 1) return;
    const latency = now - lookup.time;
    lookup.responseCode = responseCode;
    lookup.responsePacket = packet;
    lookup.responseTime = now;
    lookup.isTruncated = isTruncated;
    lookup.addresses = message.addresses;
    facts.totalLatency += latency;
    facts.longestLatency = Math.max(facts.longestLatency, latency);
    pair.answers += 1;
    if (lookup.type === DNS_TYPE.aaaa) pair.aaaaAnswers += 1;
    pair.totalLatency += latency;
    pair.longestLatency = Math.max(pair.longestLatency, latency);
    if (isTruncated) pair.add(pair.truncated, lookup, packet, now);
    if (latency > SLOW_NS) pair.add(pair.slow, lookup, packet, now);
    this.#countCode(responseCode, pair, lookup, packet, now);
    if (!isMulticast(conversation))
      this.searches.add(pair.client, lookup, responseCode === 0 && message.answers > 0);
  }

  #countCode(code: number, pair: DnsPair, lookup: DnsLookup, packet: number, now: number): void {
    if (code === 0) return;
    if (code === NXDOMAIN) pair.nxdomains += 1;
    else if (code === SERVFAIL) pair.add(pair.servfail, lookup, packet, now);
    else if (code === REFUSED) pair.add(pair.refused, lookup, packet, now);
    else pair.add(pair.otherErrors, lookup, packet, now);
  }

  #rememberForRace(pending: PendingQuestion, now: number): void {
    const { lookup, pair } = pending;
    const key = `${pair.client} ${lookup.type} ${lookup.name}`;
    const earlier = this.#last.get(key);
    if (earlier && earlier.lookup.responses === 0) this.#checkRace(earlier, now);
    this.#last.delete(key);
    this.#last.set(key, pending);
    if (this.#last.size > MAX_PENDING) {
      const [oldest] = this.#last.keys();
      if (oldest !== undefined) this.#last.delete(oldest);
    }
  }

  /** A question is repeated: checks whether its sibling from the same socket was answered. */
  #checkRace({ lookup, conversation, pair }: PendingQuestion, now: number): void {
    const waited = now - lookup.time;
    if (!RETRY_NS.some(([least, most]) => waited >= least && waited <= most)) return;
    const otherType = lookup.type === DNS_TYPE.a ? DNS_TYPE.aaaa : DNS_TYPE.a;
    const sibling = this.#last.get(`${pair.client} ${otherType} ${lookup.name}`);
    if (
      sibling?.conversation === conversation &&
      sibling.lookup.responses > 0 &&
      Math.abs(sibling.lookup.time - lookup.time) < SIBLING_NS
    )
      pair.add(pair.race, lookup);
  }

  #forget(key: number, pending: PendingQuestion): void {
    this.#pending.delete(key);
    this.#countUnanswered(pending);
  }

  #countUnanswered({ lookup, conversation, pair }: PendingQuestion): void {
    if (lookup.responses === 0 && !isMulticast(conversation)) pair.add(pair.unanswered, lookup);
  }

  #pairOf(conversation: Conversation): DnsPair | undefined {
    const { client, server, interfaceIndex } = conversation;
    const key = `${interfaceIndex} ${client.address} ${server.address}`;
    const existing = this.pairs.get(key);
    if (existing || this.pairs.size >= MAX_PAIRS) return existing;
    const pair = new DnsPair(conversation);
    this.pairs.set(key, pair);
    return pair;
  }
}

/** The lookup for an answer whose question is not in the capture. */
function unsolicitedLookup(message: DnsMessage, now: number, packet: number): DnsLookup {
  const { id, name, type, responseCode, isTruncated, addresses } = message;
  return {
    id,
    name,
    type,
    packet: 0,
    time: now,
    responseCode,
    responsePacket: packet,
    responseTime: now,
    isTruncated,
    responses: 1,
    addresses,
    repeats: 0,
  };
}

function isMulticast({ client, server }: Conversation): boolean {
  return MULTICAST_PORTS.has(server.port) || MULTICAST_PORTS.has(client.port);
}
