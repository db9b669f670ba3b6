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
  /** For ICMP: at the client, the type; at the server, the type of the other direction or the code. */
  readonly port: number;
}

/** Reads both directions of a TCP connection. */
export interface PayloadReader {
  /** Adds a segment with data. `side`, its sender, must have been updated before. */
  add(packet: Packet, arrival: Arrival, side: TcpSide, fromClient: boolean): void;
  /** True once both directions have been read as far as needed. */
  readonly isFinished: boolean;
  /** Call when the connection or the capture ends. */
  end(arrival: Arrival): void;
}

/** The properties of a conversation that its first packet determines. */
export interface ConversationStart {
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
 * All packets between two endpoints on one interface. Created once for each conversation, never for a packet. Times are
 * nanoseconds since the first packet of the capture.
 */
export class Conversation implements NoteTaker {
  readonly protocol: number;
  readonly interfaceIndex: number;
  readonly client: Endpoint;
  readonly server: Endpoint;
  /** The client is the first endpoint in the key of the flow. */
  readonly clientIsFirst: boolean;
  /** Unique among the conversations of one run. */
  readonly serial: number;
  /** The number of the first packet. */
  readonly firstPacket: number;
  readonly start: number;
  end: number;
  clientPackets = 0;
  serverPackets = 0;
  /** Bytes of IP packets. */
  clientBytes = 0;
  serverBytes = 0;
  /** Packets captured more than once. */
  copies = 0;
  /** Packets that are fragments. */
  fragments = 0;
  /** Fragments other than the first one of their datagram. */
  laterFragments = 0;
  /** The tunnel that carries it, and the tunnel's ID or -1. */
  tunnel: Tunnel = 'none';
  tunnelId = -1;
  /** The kind of tunnel that this conversation carries. */
  carries: Tunnel = 'none';
  tcp: TcpConnection | undefined;
  /** Its packets, if other points may have seen them too. */
  trace: ConversationTrace | undefined;
  /** Reads the payload of a TCP connection as long as that may be useful. */
  application: PayloadReader | undefined;
  isRead = false;
  tls: TlsFacts | undefined;
  dns: DnsFacts | undefined;
  http: HttpFacts | undefined;
  #notes: Map<NoteKind, Note> | undefined;

  constructor(start: ConversationStart) {
    this.serial = start.serial;
    this.protocol = start.protocol;
    this.interfaceIndex = start.interfaceIndex;
    this.client = start.client;
    this.server = start.server;
    this.clientIsFirst = start.clientIsFirst;
    this.firstPacket = start.packet;
    this.start = start.time;
    this.end = start.time;
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

  noteOf(kind: NoteKind): Note | undefined {
    return this.#notes?.get(kind);
  }
}

const PROTOCOL_NAMES: Readonly<Record<number, string>> = {
  [PROTOCOL.icmp]: 'icmp',
  [PROTOCOL.tcp]: 'tcp',
  [PROTOCOL.udp]: 'udp',
  [PROTOCOL.icmpv6]: 'icmpv6',
};

/** tcp, udp, icmp or icmpv6; for other protocols, their number. */
export function protocolName(protocol: number): string {
  return PROTOCOL_NAMES[protocol] ?? `${protocol}`;
}
