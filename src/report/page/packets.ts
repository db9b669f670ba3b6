import { MARK, type PacketColumns } from '../model.ts';

/** A packet of a conversation in its diagram. */
export interface DiagramPacket {
  /** Microseconds after the start of the conversation. */
  readonly time: number;
  readonly number: number;
  /** How many packets are left out before this one. */
  readonly skipped: number;
  readonly fromClient: boolean;
  /** Passed this capture point but never reached the next. */
  readonly isLost: boolean;
  readonly flags: number;
  /** Bits of SEGMENT. */
  readonly analysis: number;
  readonly sequence: number;
  readonly acknowledgment: number;
  readonly length: number;
  readonly ipId: number;
  readonly label: string;
}

/** Reads `count` packets, beginning with packet `first`. */
export function packetsOf(columns: PacketColumns, first: number, count: number): DiagramPacket[] {
  let time = 0;
  let number = 0;
  return Array.from({ length: count }, (_, index) => {
    const at = first + index;
    time += columns.time[at] ?? 0;
    number += columns.number[at] ?? 0;
    const marks = columns.marks[at] ?? 0;
    return {
      time,
      number,
      skipped: columns.skipped[at] ?? 0,
      fromClient: (marks & MARK.fromClient) !== 0,
      isLost: (marks & MARK.lost) !== 0,
      flags: marks & 0xff,
      analysis: marks >> MARK.segmentShift,
      sequence: columns.sequence[at] ?? 0,
      acknowledgment: columns.acknowledgment[at] ?? 0,
      length: columns.length[at] ?? 0,
      ipId: columns.ipId[at] ?? -1,
      label: columns.labels[(columns.label[at] ?? 0) - 1] ?? '',
    };
  });
}
