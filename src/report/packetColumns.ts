import type { ConversationRow } from './collect/conversationRow.ts';
import type { LoggedPacket } from './collect/packetLog.ts';
import { MARK, type PacketColumns } from './model.ts';
import { Texts } from './texts.ts';

const ACK = 0x10;

/** The kept packets of conversations, for their diagrams. */
export function packetColumns(rows: readonly ConversationRow[]): PacketColumns {
  const time: number[] = [];
  const number: number[] = [];
  const skipped: number[] = [];
  const marks: number[] = [];
  const sequence: number[] = [];
  const acknowledgment: number[] = [];
  const length: number[] = [];
  const ipId: number[] = [];
  const label: number[] = [];
  const labels = new Texts();
  for (const row of rows) {
    let before = { time: row.start, number: 0, ordinal: 0 };
    for (let at = 0; at < (row.log?.count ?? 0); at++) {
      const packet = row.log?.at(at) as LoggedPacket;
      time.push(microseconds(packet.time) - microseconds(before.time));
      number.push(packet.number - before.number);
      skipped.push(packet.ordinal - before.ordinal - 1);
      marks.push(packet.marks);
      const [sentBase, receivedBase] =
        packet.marks & MARK.fromClient
          ? [row.clientBase, row.serverBase]
          : [row.serverBase, row.clientBase];
      const isTcp = row.protocol === 'tcp';
      const hasAck = !isTcp || (packet.marks & ACK) !== 0;
      sequence.push((packet.sequence - sentBase) | 0);
      acknowledgment.push(hasAck ? (packet.acknowledgment - receivedBase) | 0 : 0);
      length.push(packet.length);
      ipId.push(packet.ipId);
      const text = row.labels.get(packet.number);
      label.push(text === undefined ? 0 : labels.number(text) + 1);
      before = packet;
    }
  }
  return {
    time,
    number,
    skipped,
    marks,
    sequence,
    acknowledgment,
    length,
    ipId,
    label,
    labels: labels.all,
  };
}

function microseconds(nanoseconds: number): number {
  return Math.round(nanoseconds / 1e3);
}
