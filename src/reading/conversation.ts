import type { Packet } from '../packets/packet.ts';
import { PROTOCOL, type Tunnel } from '../packets/packet.ts';
import type { Arrival } from './byteStream.ts';
import type { DnsFacts } from './dns/dnsFacts.ts';
import type { HttpFacts } from './http/httpFacts.ts';
import { Note, type NoteKind, type NoteTaker } from './notes.ts';
import type { ConversationTrace } from './points/packetTraces.ts';
import { type ConversationState, connectionState } from './tcp/endStates.ts';
import type { TcpConnection } from './tcp/tcpConnection.ts';
import type { TcpSide } from './tcp/tcpSide.ts';
import type { TlsFacts } from './tls/tlsFacts.ts';

/** One end of a conversation. */
export interface Endpoint {
  readonly address: string;
  /** For ICMP: the type at the client; at the server the type of the other direction, or the code. */
  readonly port: number;
}

/** Reads both directions of a TCP connection. */
export interface PayloadReader {
  /** Takes in a segment with data, of which `side`, its sender, knows already. */
  add(packet: Packet, arrival: Arrival, side: TcpSide, fromClient: boolean): void;
  /** Nothing more will be read out of either direction. */
  readonly isOver: boolean;
  /** The connection is over, or the capture is. */
  end(arrival: Arrival): void;
}

/** What is known from the first packet of a conversation. */
export interface ConversationBegin {
  readonly serial: number;
  readonly protocol: number;
  readonly interfaceIndex: number;
  readonly client: Endpoint;
  readonly server: Endpoint;
  readonly clientIsFirst: boolean;
  readonly packet: number;
  readonly time: number;
}

/**
 * All packets between two ends on one interface. Made once a conversation, never for a packet. Times
 * are nanoseconds since the first packet of the capture.
 */
export class Conversation implements NoteTaker {
  readonly protocol: number;
  readonly interfaceIndex: number;
  readonly client: Endpoint;
  readonly server: Endpoint;
  /** The end that the flow's key names first is the client. */
  readonly clientIsFirst: boolean;
  /** Unique among the conversations of a run. */
  readonly serial: number;
  /** Number of the first packet. */
  readonly firstPacket: number;
  readonly start: number;
  end: number;
  clientPackets = 0;
  serverPackets = 0;
  /** Bytes of IP packets. */
  clientBytes = 0;
  serverBytes = 0;
  /** Packets that the capture has more than once. */
  copies = 0;
  /** Packets that were fragments. */
  fragments = 0;
  /** Those of them that were not the first of their datagram. */
  laterFragments = 0;
  /** Carried in this tunnel, with this id (or -1). */
  tunnel: Tunnel = 'none';
  tunnelId = -1;
  /** This conversation is a tunnel's own. */
  carries: Tunnel = 'none';
  tcp: TcpConnection | undefined;
  /** Its packets, where other points may have seen them, too. */
  trace: ConversationTrace | undefined;
  /** Reads what a TCP connection carries, as long as there may be something to read. */
  application: PayloadReader | undefined;
  isRead = false;
  tls: TlsFacts | undefined;
  dns: DnsFacts | undefined;
  http: HttpFacts | undefined;
  #notes: Map<NoteKind, Note> | undefined;

  constructor(begin: ConversationBegin) {
    this.serial = begin.serial;
    this.protocol = begin.protocol;
    this.interfaceIndex = begin.interfaceIndex;
    this.client = begin.client;
    this.server = begin.server;
    this.clientIsFirst = begin.clientIsFirst;
    this.firstPacket = begin.packet;
    this.start = begin.time;
    this.end = begin.time;
  }

  get packets(): number {
    return this.clientPackets + this.serverPackets;
  }

  get bytes(): number {
    return this.clientBytes + this.serverBytes;
  }

  get state(): ConversationState {
    if (this.tcp) return connectionState(this.tcp.client, this.tcp.server);
    if (this.protocol !== PROTOCOL.udp) return 'OTH';
    if (this.clientPackets > 0) return this.serverPackets > 0 ? 'SF' : 'S0';
    return this.serverPackets > 0 ? 'SHR' : 'OTH';
  }

  note(kind: NoteKind, packet: number, time: number): void {
    this.#notes ??= new Map();
    let note = this.#notes.get(kind);
    if (!note) {
      note = new Note();
      this.#notes.set(kind, note);
    }
    note.add(packet, time);
  }

  noted(kind: NoteKind): Note | undefined {
    return this.#notes?.get(kind);
  }
}

const PROTOCOL_NAMES: Readonly<Record<number, string>> = {
  [PROTOCOL.icmp]: 'icmp',
  [PROTOCOL.tcp]: 'tcp',
  [PROTOCOL.udp]: 'udp',
  [PROTOCOL.icmpv6]: 'icmpv6',
};

/** tcp, udp, icmp, icmpv6; the number of any other. */
export function protocolName(protocol: number): string {
  return PROTOCOL_NAMES[protocol] ?? `${protocol}`;
}
