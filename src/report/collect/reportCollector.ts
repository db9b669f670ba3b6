import { FLAG, type Packet, PROTOCOL } from '../../packets/packet.ts';
import type { CaptureInterface } from '../../reading/captureInterface.ts';
import type { Conversation } from '../../reading/conversation.ts';
import type { DnsLookup } from '../../reading/dns/dnsFacts.ts';
import type { HttpExchange } from '../../reading/http/httpFacts.ts';
import { icmpErrorKind } from '../../reading/icmpErrors.ts';
import type { PointView } from '../../reading/points/pointView.ts';
import type { CollectedPacket, SummaryCollector } from '../../reading/summaryCollector.ts';
import { ANY_RETRANSMISSION, SEGMENT } from '../../reading/tcp/segmentBits.ts';
import type { TlsFacts } from '../../reading/tls/tlsFacts.ts';
import { MARK } from '../model.ts';
import { type ConversationRow, rowOf } from './conversationRow.ts';
import { KEEP_BIT, PacketBudget, PacketLog } from './packetLog.ts';
import { TimelineCollector } from './timeline.ts';

/** How many conversations a report has. At ROWS_BEFORE_CUT, the least interesting ones are dropped. */
const MAX_ROWS = 100_000;
const ROWS_BEFORE_CUT = 120_000;
/** How many packets the diagrams of all conversations have, at 40 bytes each. */
const MAX_PACKETS = 1_000_000;
const MAX_ENTRIES = 50_000;

/** Packets with one of these bits are always kept. */
const TROUBLE_BITS =
  ANY_RETRANSMISSION | SEGMENT.outOfOrder | SEGMENT.lost | SEGMENT.zeroWindow | SEGMENT.windowFull;

/** Entries of one table: DNS lookups, TLS handshakes, HTTP requests. */
export class Entries<Entry> {
  readonly kept: { readonly serial: number; readonly entry: Entry }[] = [];
  total = 0;

  add(serial: number, entry: Entry): void {
    this.total += 1;
    if (this.kept.length < MAX_ENTRIES) this.kept.push({ serial, entry });
  }
}

/**
 * Keeps what a report needs besides the summary, in bounded memory: a timeline, a row for each of up to
 * MAX_ROWS conversations, and some of their packets.
 */
export class ReportCollector implements SummaryCollector {
  readonly timeline = new TimelineCollector();
  readonly lookups = new Entries<DnsLookup>();
  readonly handshakes = new Entries<TlsFacts>();
  readonly exchanges = new Entries<HttpExchange>();
  /** How many conversations were seen. */
  total = 0;
  readonly #budget = new PacketBudget(MAX_PACKETS);
  readonly #logs = new Map<number, PacketLog>();
  #rows = new Map<number, ConversationRow>();

  /** By serial number. */
  get rows(): ReadonlyMap<number, ConversationRow> {
    return this.#rows;
  }

  addFrame(on: CaptureInterface, time: number, length: number): void {
    this.timeline.addFrame(on, time, length);
  }

  addPacket(packet: Packet, collected: CollectedPacket): void {
    if (collected.isCopy) return;
    const { conversation, analysis, time, number, fromClient } = collected;
    const isTcp = packet.protocol === PROTOCOL.tcp;
    const isReset = isTcp && (packet.flags & FLAG.rst) !== 0;
    if (analysis & ANY_RETRANSMISSION) this.timeline.addTrouble('repeated', time);
    if (isReset) this.timeline.addTrouble('reset', time);
    if (!isTcp && packet.protocol !== PROTOCOL.udp && icmpErrorKind(packet) !== undefined)
      this.timeline.addTrouble('failed', time);
    let log = this.#logs.get(conversation.serial);
    if (!log) {
      log = new PacketLog(this.#budget);
      this.#logs.set(conversation.serial, log);
    }
    const isKept = isReset || (analysis & TROUBLE_BITS) !== 0;
    log.add({
      time,
      number,
      sequence: isTcp ? packet.sequence : packet.icmpType,
      acknowledgment: isTcp ? packet.acknowledgment : packet.icmpCode,
      length: packet.payloadLength,
      marks:
        (isTcp ? packet.flags & 0xff : 0) |
        (fromClient ? MARK.fromClient : 0) |
        (analysis << MARK.segmentShift) |
        (isKept ? KEEP_BIT : 0),
      ipId: packet.ipId,
    });
  }

  addDropped(on: CaptureInterface, packets: number): void {
    this.timeline.addDropped(on, packets);
  }

  addConversation(conversation: Conversation): void {
    this.total += 1;
    const { serial, dns, tls, http } = conversation;
    const log = this.#logs.get(serial);
    this.#logs.delete(serial);
    log?.close();
    const row = rowOf(conversation, log);
    for (const time of row.failures) this.timeline.addTrouble('failed', time);
    this.#rows.set(serial, row);
    for (const lookup of dns?.lookups ?? []) this.lookups.add(serial, lookup);
    if (tls) this.handshakes.add(serial, tls);
    for (const exchange of http?.exchanges ?? []) this.exchanges.add(serial, exchange);
    if (this.#rows.size >= ROWS_BEFORE_CUT) this.#cut();
  }

  /** Notes a packet that `view` saw and the other point did not. */
  addLost(
    view: PointView,
    from: CaptureInterface,
    to: CaptureInterface,
    packet: number,
    time: number,
  ) {
    this.timeline.addLost(from, to, time);
    const row = this.#rows.get(view.serial);
    if (!row) return;
    row.lost += 1;
    const { log } = row;
    if (!log) return;
    for (let at = 0; at < log.count; at++) if (log.numberAt(at) === packet) log.mark(at, MARK.lost);
  }

  /** Call it after the last conversation: keeps as many as a report shows. */
  finish(): void {
    if (this.#rows.size > MAX_ROWS) this.#cut();
  }

  /** Keeps conversations with trouble first, then the largest. */
  #cut(): void {
    const hasTrouble = ({ repeated, resets, failures, lost }: ConversationRow) =>
      repeated + resets + failures.length + lost > 0 ? 1 : 0;
    const bytes = (row: ConversationRow) => row.clientBytes + row.serverBytes;
    const rows = [...this.#rows.values()].sort(
      (a, b) => hasTrouble(b) - hasTrouble(a) || bytes(b) - bytes(a),
    );
    for (const { log } of rows.slice(MAX_ROWS)) if (log) this.#budget.giveBack(log.count);
    this.#rows = new Map(rows.slice(0, MAX_ROWS).map((row) => [row.serial, row]));
  }
}
