import { readArp } from '../packets/arp.ts';
import { decodeFrame } from '../packets/link.ts';
import { FLAG, NETWORK, Packet, PROTOCOL } from '../packets/packet.ts';
import { enterTunnel, LINUX_VXLAN_PORT } from '../packets/tunnels.ts';
import type { PacketCursor } from '../pcap/packetCursor.ts';
import { PcapngCursor } from '../pcap/pcapngCursor.ts';
import { Application, addDatagram, isDnsPort } from './application.ts';
import { ArpWatch } from './arpWatch.ts';
import { WaitingBytes } from './byteStream.ts';
import { CaptureInterface } from './captureInterface.ts';
import type { Conversation } from './conversation.ts';
import { Conversations } from './conversations.ts';
import { CopyDetector } from './copies.ts';
import { DnsTracker } from './dns/dnsTracker.ts';
import { Fragments } from './fragments.ts';
import { IcmpErrors } from './icmpErrors.ts';
import { ConversationTrace, PacketTraces } from './points/packetTraces.ts';
import type { CollectedPacket, SummaryCollector } from './summaryCollector.ts';
import type { TcpConnection } from './tcp/tcpConnection.ts';

/** Conversations with details at a time. They need about 20 MB with everything that is known of each. */
const MAX_CONVERSATIONS = 10_000;

/** Observes conversations and packets. */
export interface SummaryObserver {
  /** Called for every packet. */
  readonly collector?: SummaryCollector | undefined;
  /** A conversation is closed: to make room (`isEvicted`), or at the end of the capture. */
  conversationClosed(conversation: Conversation, isEvicted: boolean): void;
  /** A segment was analysed; `found` are bits of SEGMENT. For tests that compare packet by packet. */
  segmentAdded?(
    packet: number,
    analysis: number,
    conversation: Conversation,
    isCopy: boolean,
  ): void;
}

/**
 * Reads captures once and collects the conversations in them and their problems. Keeps no packets, and details of at
 * most MAX_CONVERSATIONS conversations at a time.
 *
 * For each capture, call beginCapture(); for each of its files beginFile(), add() for each packet, and endFile(). Call
 * finish() at the end.
 */
export class Summarizer {
  packets = 0;
  /** Bytes on the wire. */
  bytes = 0;
  /** Times are relative to this time, in seconds since 1970. */
  baseSeconds = 0;
  /** The times of the first and last packets, in nanoseconds since then. */
  start = Number.POSITIVE_INFINITY;
  end = Number.NEGATIVE_INFINITY;
  readonly interfaces: CaptureInterface[] = [];
  readonly #interfacesByKey = new Map<string, CaptureInterface>();
  /** VXLAN was seen on the older default port of Linux, which Wireshark decodes as another protocol. */
  hasOldVxlan = false;
  readonly dns = new DnsTracker();
  readonly arp = new ArpWatch();
  readonly icmpErrors = new IcmpErrors();
  /** The packets of captures at several points. */
  readonly traces = new PacketTraces();
  readonly conversations: Conversations;
  readonly #observer: SummaryObserver;
  readonly #packet = new Packet();
  readonly #copies = new CopyDetector();
  readonly #fragments = new Fragments();
  readonly #waiting = new WaitingBytes();
  readonly #arrival = { time: 0, packet: 0 };
  readonly #hasSeveralCaptures: boolean;
  /** Whether the capture may have several points. */
  #isTraced = false;
  #seen: CollectedPacket | undefined;
  /** The segment bits of the current packet. */
  #found = 0;
  #hasBase = false;
  #capture = -1;
  #label = '';
  /** By the interface numbers of the file. */
  #fileInterfaces: CaptureInterface[] = [];
  #interface: CaptureInterface | undefined;
  #interfaceNumber = -1;
  #number = 0;
  #now = 0;
  #isCopy = false;
  /** The conversation of the last layer. */
  #layer: Conversation | undefined;

  constructor(observer: SummaryObserver, hasSeveralCaptures = false) {
    this.#observer = observer;
    this.#hasSeveralCaptures = hasSeveralCaptures;
    this.conversations = new Conversations(MAX_CONVERSATIONS, (conversation) =>
      this.#close(conversation, true),
    );
  }

  /** The next packets belong to another capture. Packet numbers restart at 1. */
  beginCapture(label: string): void {
    this.#capture += 1;
    this.#label = label;
    this.#number = 0;
  }

  /** The next packets belong to another file. A ring has many files for one capture. */
  beginFile(): void {
    this.#fileInterfaces = [];
    this.#interfaceNumber = -1;
  }

  /** Adds the current packet of the cursor. */
  add(cursor: PacketCursor): void {
    this.packets += 1;
    this.#number += 1;
    if (cursor.interfaceIndex !== this.#interfaceNumber) this.#enterInterface(cursor);
    const on = this.#interface as CaptureInterface;
    const { start, end, originalLength } = cursor;
    const length = Math.max(originalLength, end - start);
    this.bytes += length;
    on.packets += 1;
    on.bytes += length;
    if (end - start < originalLength) on.truncated += 1;
    if (cursor.hasTime) this.#setTime(cursor, on);
    this.#observer.collector?.addFrame(on, this.#now, length);
    const packet = this.#packet;
    decodeFrame(packet, cursor.bytes, start, end, originalLength, on.linkType);
    let depth = 0;
    for (;;) {
      this.#layer = undefined;
      this.#addLayer(packet, on, depth === 0);
      depth += 1;
      if (!enterTunnel(packet)) return;
      this.#markTunnel(packet);
    }
  }

  /** Call at the end of a file. Adds the counts of its recorder. */
  endFile(cursor: PacketCursor): void {
    // Include interfaces without packets.
    for (let number = 0; number < cursor.interfaces.length; number++)
      this.#interfaceOf(cursor, number);
    for (const [number, counts] of cursor.counts.entries()) {
      const on = this.#fileInterfaces[number];
      if (on && counts?.dropped !== undefined) this.#addDropped(on, counts.dropped);
    }
    for (const [number, gaps = 0] of cursor.gaps.entries()) {
      const on = this.#fileInterfaces[number];
      if (on) on.gaps += gaps;
    }
    const [first] = this.#fileInterfaces;
    if (first && cursor.lost > 0) this.#addDropped(first, cursor.lost);
  }

  #addDropped(on: CaptureInterface, packets: number): void {
    on.dropped = (on.dropped ?? 0) + packets;
    if (packets > 0) this.#observer.collector?.addDropped(on, packets);
  }

  /** Adds packets that the recorder of the capture lost, if only the manifest contains them. */
  addDropped(dropped: number | undefined): void {
    const on = this.interfaces.find(({ capture }) => capture === this.#capture);
    if (on && dropped !== undefined && on.dropped === undefined) this.#addDropped(on, dropped);
  }

  /** Adds gaps in the recording, from the manifest. */
  addGaps(gaps: number): void {
    const on = this.interfaces.find(({ capture }) => capture === this.#capture);
    if (on) on.gaps += gaps;
  }

  /** Closes all conversations. */
  finish(): void {
    for (const conversation of this.conversations.all) this.#close(conversation, false);
    this.dns.finish(this.end);
  }

  #setTime({ seconds, nanoseconds }: PacketCursor, on: CaptureInterface): void {
    if (!this.#hasBase) {
      this.baseSeconds = seconds;
      this.#hasBase = true;
    }
    const now = (seconds - this.baseSeconds) * 1e9 + nanoseconds;
    this.#now = now;
    if (now < this.start) this.start = now;
    if (now > this.end) this.end = now;
    if (now < on.start) on.start = now;
    if (now > on.end) on.end = now;
  }

  #enterInterface(cursor: PacketCursor): void {
    this.#interfaceNumber = cursor.interfaceIndex;
    // Only pcapng files can add interfaces later.
    this.#isTraced = this.#hasSeveralCaptures || cursor instanceof PcapngCursor;
    this.#interface = this.#interfaceOf(cursor, cursor.interfaceIndex);
  }

  #interfaceOf(cursor: PacketCursor, number: number): CaptureInterface {
    const existing = this.#fileInterfaces[number];
    if (existing) return existing;
    const described = cursor.interfaces[number];
    if (!described) throw new Error(`interface ${number} is not described`);
    const label = described.name ?? this.#label;
    // All files of a ring describe the same interfaces.
    const key = `${this.#capture} ${number} ${described.linkType} ${label}`;
    let on = this.#interfacesByKey.get(key);
    if (!on) {
      const index = this.interfaces.length;
      on = new CaptureInterface(index, label, this.#capture, number, described);
      this.interfaces.push(on);
      this.#interfacesByKey.set(key, on);
    }
    this.#fileInterfaces[number] = on;
    return on;
  }

  #addLayer(packet: Packet, on: CaptureInterface, isOutermost: boolean): void {
    switch (packet.network) {
      case NETWORK.ipv4:
      case NETWORK.ipv6:
        if (packet.offloaded) on.offloaded += 1;
        if (packet.ipLength > on.largestPacket) on.largestPacket = packet.ipLength;
        this.#isCopy = this.#copies.isCopy(packet, on.index, this.#now);
        if (this.#isCopy && isOutermost) on.copies += 1;
        if (packet.isFragment) this.#addFragment(packet, on);
        else this.#addPacket(packet, on);
        return;
      case NETWORK.arp: {
        const arp = readArp(packet);
        if (arp) this.arp.add(arp, on.index, this.#number, this.#now);
        return;
      }
      case NETWORK.none:
        if (isOutermost) on.undecoded += 1;
    }
  }

  /** Marks the previous layer as the tunnel that carries the packet. */
  #markTunnel(packet: Packet): void {
    if (!this.#layer) return;
    this.#layer.carries = packet.tunnel;
    if (packet.tunnel === 'vxlan' && this.#layer.server.port === LINUX_VXLAN_PORT)
      this.hasOldVxlan = true;
  }

  #addPacket(packet: Packet, on: CaptureInterface): void {
    if (!packet.hasPorts && !packet.hasTransport) return;
    const { conversations } = this;
    const conversation = conversations.find(packet, on.index, this.#number, this.#now);
    const { fromClient } = conversations;
    this.#count(packet, conversation, fromClient);
    if (!packet.hasTransport) return;
    this.#readTransport(packet, conversation, fromClient, on);
    if (!this.#isTraced || this.#isCopy) return;
    conversation.trace ??= new ConversationTrace();
    const { client, server } = conversation.trace;
    this.traces.add(packet, fromClient ? client : server, on.index, this.#number, this.#now);
  }

  #count(packet: Packet, conversation: Conversation, fromClient: boolean): void {
    this.#layer = conversation;
    if (fromClient) {
      conversation.clientPackets += 1;
      conversation.clientBytes += packet.ipLength;
    } else {
      conversation.serverPackets += 1;
      conversation.serverBytes += packet.ipLength;
    }
    if (this.#now > conversation.end) conversation.end = this.#now;
    if (this.#isCopy) conversation.copies += 1;
    if (packet.tunnel !== 'none' && conversation.tunnel === 'none') {
      conversation.tunnel = packet.tunnel;
      conversation.tunnelId = packet.tunnelId;
    }
  }

  #readTransport(
    packet: Packet,
    conversation: Conversation,
    fromClient: boolean,
    on: CaptureInterface,
  ): void {
    this.#found = 0;
    switch (packet.protocol) {
      case PROTOCOL.tcp:
        if (conversation.tcp) this.#readTcp(packet, conversation, conversation.tcp, fromClient);
        break;
      case PROTOCOL.udp:
        if (!this.#isCopy && isDnsPort(conversation))
          addDatagram(packet, conversation, this.dns, this.#now, this.#number);
        break;
      default:
        if (!this.#isCopy) this.icmpErrors.read(packet, on.index, this.#number, this.#now);
    }
    if (this.#observer.collector)
      this.#tell(this.#observer.collector, packet, conversation, fromClient);
  }

  #tell(
    collector: SummaryCollector,
    packet: Packet,
    conversation: Conversation,
    fromClient: boolean,
  ): void {
    this.#seen ??= { conversation, fromClient, number: 0, time: 0, analysis: 0, isCopy: false };
    const collected = this.#seen;
    collected.conversation = conversation;
    collected.fromClient = fromClient;
    collected.number = this.#number;
    collected.time = this.#now;
    collected.analysis = this.#found;
    collected.isCopy = this.#isCopy;
    collector.addPacket(packet, collected);
  }

  #readTcp(
    packet: Packet,
    conversation: Conversation,
    tcp: TcpConnection,
    fromClient: boolean,
  ): void {
    if (this.#isCopy) {
      this.#observer.segmentAdded?.(this.#number, 0, conversation, true);
      return;
    }
    const analysis = tcp.add(packet, this.#now, this.#number, fromClient, conversation);
    this.#found = analysis;
    this.#observer.segmentAdded?.(this.#number, analysis, conversation, false);
    if (packet.flags & FLAG.syn && conversation.packets === 1 && isDnsPort(conversation))
      this.dns.addTcp(conversation);
    if (packet.payloadLength > 0 && !conversation.isRead)
      this.#readApplication(packet, conversation, tcp, fromClient);
    else if (conversation.application && tcp.isOver) this.#endApplication(conversation);
  }

  #readApplication(
    packet: Packet,
    conversation: Conversation,
    tcp: TcpConnection,
    fromClient: boolean,
  ): void {
    conversation.application ??= new Application(conversation, this.dns, this.#waiting);
    const { application } = conversation;
    const arrival = this.#arrival;
    arrival.time = this.#now;
    arrival.packet = this.#number;
    application.add(packet, arrival, fromClient ? tcp.client : tcp.server, fromClient);
    if (application.isFinished) this.#endApplication(conversation);
  }

  #endApplication(conversation: Conversation): void {
    conversation.application?.end(this.#arrival);
    conversation.application = undefined;
    conversation.isRead = true;
  }

  /**
   * Counts fragments for the conversation with the ports of the first fragment. Their payload is read once the datagram
   * is complete.
   */
  #addFragment(packet: Packet, on: CaptureInterface): void {
    const datagram = this.#fragments.datagramOf(packet, on.index);
    if (packet.hasPorts || packet.hasTransport) {
      datagram.conversation = this.conversations.find(packet, on.index, this.#number, this.#now);
      datagram.fromClient = this.conversations.fromClient;
    }
    const { conversation, fromClient } = datagram;
    if (conversation) {
      this.#count(packet, conversation, fromClient);
      conversation.fragments += 1;
      if (packet.fragmentOffset > 0) conversation.laterFragments += 1;
      datagram.countBefore(conversation);
    } else datagram.addBefore(packet);
    if (this.#isCopy || !this.#fragments.complete(packet, datagram)) return;
    if (conversation && packet.hasTransport)
      this.#readTransport(packet, conversation, fromClient, on);
  }

  #close(conversation: Conversation, isEvicted: boolean): void {
    const arrival = this.#arrival;
    arrival.time = conversation.end;
    arrival.packet = this.#number;
    conversation.application?.end(arrival);
    conversation.application = undefined;
    this.#observer.conversationClosed(conversation, isEvicted);
    this.#observer.collector?.addConversation(conversation);
  }
}
