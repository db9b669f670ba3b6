import { looksLikeDns, readDns } from '../packets/dns.ts';
import { looksLikeHttp } from '../packets/http.ts';
import { u16 } from '../packets/numbers.ts';
import { FLAG, type Packet } from '../packets/packet.ts';
import { looksLikeTls } from '../packets/tls.ts';
import { type Arrival, ByteStream, type StreamConsumer, type WaitingBytes } from './byteStream.ts';
import type { Conversation, PayloadReader } from './conversation.ts';
import type { DnsTracker } from './dns/dnsTracker.ts';
import { HttpFacts } from './http/httpFacts.ts';
import { HttpReader } from './http/httpReader.ts';
import type { TcpSide } from './tcp/tcpSide.ts';
import { TlsFacts } from './tls/tlsFacts.ts';
import { TlsReader } from './tls/tlsReader.ts';

/** Ports of DNS servers, including those that containers without privileges use. */
const DNS_PORTS: ReadonlySet<number> = new Set([
  53, 137, 1053, 5300, 5353, 5355, 8053, 9053, 10053,
]);
/** If no known protocol begins within this many bytes of a direction, the protocol is unknown. */
const MAX_SEARCH_BYTES = 16 * 1024;
const MAX_DNS_BYTES = 65_535;

/** Whether a conversation may be DNS. */
export function isDnsPort(conversation: Conversation): boolean {
  return DNS_PORTS.has(conversation.server.port) || DNS_PORTS.has(conversation.client.port);
}

/** Reads the DNS message of a datagram, if it is one. */
export function addDatagram(
  packet: Packet,
  conversation: Conversation,
  tracker: DnsTracker,
  now: number,
  number: number,
): void {
  const { bytes, payloadAt, payloadEnd } = packet;
  if (!looksLikeDns(bytes, payloadAt, payloadEnd)) return;
  const message = readDns(bytes, payloadAt, payloadEnd);
  if (message) tracker.add(message, conversation, now, number);
}

/** Both directions of a TCP connection and the readers of their payload. */
export class Application implements PayloadReader {
  readonly #waiting: WaitingBytes;
  readonly #clientReader: DirectionReader;
  readonly #serverReader: DirectionReader;
  #client: ByteStream | undefined;
  #server: ByteStream | undefined;

  constructor(conversation: Conversation, tracker: DnsTracker, waiting: WaitingBytes) {
    this.#waiting = waiting;
    this.#clientReader = new DirectionReader(conversation, tracker, true);
    this.#serverReader = new DirectionReader(conversation, tracker, false);
  }

  /** Adds a segment with data. `side`, its sender, must have been updated before. */
  add(packet: Packet, arrival: Arrival, side: TcpSide, fromClient: boolean): void {
    const start = (side.baseSequence + 1) | 0;
    if (packet.flags & FLAG.ack)
      (fromClient ? this.#server : this.#client)?.acknowledged(packet.acknowledgment, arrival);
    if (fromClient) {
      this.#client ??= new ByteStream(this.#clientReader, this.#waiting, start);
      this.#client.push(packet, arrival);
    } else {
      this.#server ??= new ByteStream(this.#serverReader, this.#waiting, start);
      this.#server.push(packet, arrival);
    }
  }

  /** True once both directions have been read as far as needed. */
  get isFinished(): boolean {
    return this.#client?.isFinished === true && this.#server?.isFinished === true;
  }

  /** Call when the connection or the capture ends. */
  end(arrival: Arrival): void {
    this.#client?.end(arrival);
    this.#server?.end(arrival);
    this.#clientReader.finish();
    this.#serverReader.finish();
  }
}

/** Detects the protocol of one direction of a connection and passes the data to its reader. */
class DirectionReader implements StreamConsumer {
  readonly #conversation: Conversation;
  readonly #fromClient: boolean;
  #reader: StreamConsumer | undefined;
  /** For connections with a DNS server. Used unless the data begins like another protocol. */
  readonly #dnsReader: StreamConsumer | undefined;
  #searched = 0;
  #isUnknown = false;

  constructor(conversation: Conversation, tracker: DnsTracker, fromClient: boolean) {
    this.#conversation = conversation;
    this.#fromClient = fromClient;
    if (isDnsPort(conversation)) this.#dnsReader = new DnsStreamReader(conversation, tracker);
  }

  get isDone(): boolean {
    return this.#isUnknown || (this.#reader?.isDone === true && !this.#hasSwitched);
  }

  data(bytes: Uint8Array, from: number, to: number, arrival: Arrival): void {
    if (this.#reader instanceof HttpReader && this.#hasSwitched) this.#reader = undefined;
    this.#reader ??= this.#find(bytes, from, to) ?? this.#dnsReader;
    if (this.#reader) this.#reader.data(bytes, from, to, arrival);
    else {
      this.#searched += to - from;
      if (this.#searched > MAX_SEARCH_BYTES) this.#isUnknown = true;
    }
  }

  gap(length: number, arrival: Arrival): void {
    if (this.#reader) this.#reader.gap(length, arrival);
    else this.#searched += length;
  }

  finish(): void {
    if (this.#reader instanceof TlsReader) this.#reader.finish();
  }

  /** Whether an HTTP connection has switched to another protocol, which must be detected. */
  get #hasSwitched(): boolean {
    return this.#conversation.http?.isSwitched === true && !(this.#reader instanceof TlsReader);
  }

  /** TLS may begin late: after STARTTLS, or inside a proxy's tunnel. */
  #find(bytes: Uint8Array, from: number, to: number): StreamConsumer | undefined {
    const conversation = this.#conversation;
    if (looksLikeTls(bytes, from, to)) {
      conversation.tls ??= new TlsFacts();
      return new TlsReader(conversation.tls, this.#fromClient);
    }
    if (this.#searched === 0 && !conversation.http?.isSwitched && looksLikeHttp(bytes, from, to)) {
      conversation.http ??= new HttpFacts();
      return new HttpReader(conversation.http, this.#fromClient);
    }
    return undefined;
  }
}

/** DNS over TCP: messages that follow their length. */
class DnsStreamReader implements StreamConsumer {
  isDone = false;
  readonly #conversation: Conversation;
  readonly #tracker: DnsTracker;
  #rest: Buffer = Buffer.alloc(0);
  /** After missing bytes, the next message is expected at the start of a segment. */
  #isLost = false;

  constructor(conversation: Conversation, tracker: DnsTracker) {
    this.#conversation = conversation;
    this.#tracker = tracker;
  }

  data(bytes: Uint8Array, from: number, to: number, { time, packet }: Arrival): void {
    const all = Buffer.concat([this.#rest, bytes.subarray(from, to)]);
    let offset = 0;
    while (offset + 2 <= all.length) {
      const end = offset + 2 + u16(all, offset);
      // After a gap, only a complete message proves that a message begins here.
      if (end > all.length && !this.#isLost) break;
      const isMessage = end <= all.length && looksLikeDns(all, offset + 2, end);
      const message = isMessage ? readDns(all, offset + 2, end) : undefined;
      if (!message || (this.#isLost && message.isMalformed)) {
        if (!this.#isLost) this.isDone = true;
        return;
      }
      this.#isLost = false;
      this.#tracker.add(message, this.#conversation, time, packet);
      offset = end;
    }
    this.#rest = Buffer.from(all.subarray(offset));
    if (this.#rest.length > MAX_DNS_BYTES) this.isDone = true;
  }

  gap(): void {
    this.#rest = Buffer.alloc(0);
    this.#isLost = true;
  }
}
