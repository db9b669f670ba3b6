import { type Packet, PROTOCOL } from '../packets/packet.ts';
import { AddressTexts } from './addressTexts.ts';
import { Conversation, type Endpoint } from './conversation.ts';
import { FlowTable, icmpCounterpart } from './flowTable.ts';
import { isFromServer } from './roles.ts';
import { TcpConnection } from './tcp/tcpConnection.ts';

const NONE = -1;

/**
 * The conversations of a capture, with details for at most `limit` at a time. If there are more, the one with the
 * longest silence is closed to make room, and its owner adds it to the totals. The owner must not keep the TCP
 * connection of a closed conversation, because it is reused.
 */
export class Conversations {
  /** Whether the packet of the last find() came from the client. */
  fromClient = false;
  /** The number of conversations found, including closed ones. */
  count = 0;
  readonly #limit: number;
  readonly #onClose: (conversation: Conversation) => void;
  readonly #table = new FlowTable();
  readonly #slots: Conversation[] = [];
  /** A doubly linked list of the slots, in the order of their last packets. */
  readonly #newer: Int32Array;
  readonly #older: Int32Array;
  #oldest = NONE;
  #newest = NONE;
  /** The connection of a closed conversation, for reuse by the next one. */
  #spareTcp: TcpConnection | undefined;
  readonly #texts = new AddressTexts();

  constructor(limit: number, onClose: (conversation: Conversation) => void) {
    this.#limit = limit;
    this.#onClose = onClose;
    this.#newer = new Int32Array(limit).fill(NONE);
    this.#older = new Int32Array(limit).fill(NONE);
  }

  /** The open conversations, in the order of their first packets, except in reused slots. */
  get all(): readonly Conversation[] {
    return this.#slots;
  }

  /** The conversation of a packet with ports or an ICMP type. Creates it for the first packet. */
  find(packet: Packet, interfaceIndex: number, number: number, now: number): Conversation {
    const table = this.#table;
    table.key(packet, interfaceIndex);
    let slot = table.find();
    if (slot === NONE) {
      slot = this.#freeSlot();
      table.add(slot);
      return this.#begin(slot, packet, interfaceIndex, number, now);
    }
    this.#touch(slot);
    const conversation = this.#slots[slot] as Conversation;
    this.fromClient = conversation.clientIsFirst !== table.isReversed;
    if (!conversation.tcp?.isReusedBy(packet, this.fromClient)) return conversation;
    const { lastTime } = conversation.tcp;
    const slotIndex = this.#freeSlot();
    // This very conversation may have been closed to make room.
    if (this.#slots[slot] === conversation && slotIndex !== slot) table.replace(slot, slotIndex);
    else table.add(slotIndex);
    const restarted = this.#begin(slotIndex, packet, interfaceIndex, number, now);
    if (restarted.tcp) restarted.tcp.reusedAfter = Math.max(0, now - lastTime);
    return restarted;
  }

  #begin(
    slot: number,
    packet: Packet,
    interfaceIndex: number,
    number: number,
    now: number,
  ): Conversation {
    const isAnswer = isFromServer(packet);
    this.fromClient = !isAnswer;
    const { bytes, sourceAt, destinationAt, addressBytes, protocol } = packet;
    const isIcmp = protocol === PROTOCOL.icmp || protocol === PROTOCOL.icmpv6;
    const answer = isIcmp ? icmpCounterpart(protocol, packet.icmpType) : -1;
    const from: Endpoint = {
      address: this.#texts.of(bytes, sourceAt, addressBytes),
      port: isIcmp ? packet.icmpType : packet.sourcePort,
    };
    const to: Endpoint = {
      address: this.#texts.of(bytes, destinationAt, addressBytes),
      port: isIcmp ? (answer < 0 ? packet.icmpCode : answer) : packet.destinationPort,
    };
    const conversation = new Conversation({
      serial: this.count,
      protocol,
      interfaceIndex,
      client: isAnswer ? to : from,
      server: isAnswer ? from : to,
      clientIsFirst: isAnswer === this.#table.isReversed,
      packet: number,
      time: now,
    });
    if (protocol === PROTOCOL.tcp) conversation.tcp = this.#newTcp();
    this.#slots[slot] = conversation;
    this.count += 1;
    this.#append(slot);
    return conversation;
  }

  #freeSlot(): number {
    if (this.#slots.length < this.#limit) return this.#slots.length;
    const slot = this.#oldest;
    const conversation = this.#slots[slot] as Conversation;
    this.#onClose(conversation);
    this.#spareTcp = conversation.tcp ?? this.#spareTcp;
    conversation.tcp = undefined;
    this.#table.remove(slot);
    this.#unlink(slot);
    return slot;
  }

  #newTcp(): TcpConnection {
    const unused = this.#spareTcp;
    if (!unused) return new TcpConnection();
    this.#spareTcp = undefined;
    unused.clear();
    return unused;
  }

  #touch(slot: number): void {
    if (slot === this.#newest) return;
    this.#unlink(slot);
    this.#append(slot);
  }

  #unlink(slot: number): void {
    const older = this.#older[slot] as number;
    const newer = this.#newer[slot] as number;
    if (older === NONE) this.#oldest = newer;
    else this.#newer[older] = newer;
    if (newer === NONE) this.#newest = older;
    else this.#older[newer] = older;
  }

  #append(slot: number): void {
    this.#older[slot] = this.#newest;
    this.#newer[slot] = NONE;
    if (this.#newest === NONE) this.#oldest = slot;
    else this.#newer[this.#newest] = slot;
    this.#newest = slot;
  }
}
