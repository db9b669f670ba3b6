import { u16 } from './numbers.ts';
import type { Packet } from './packet.ts';

const KIND = { end: 0, noOperation: 1, segmentSize: 2, windowScale: 3, sack: 5 } as const;
/** RFC 7323: larger shifts are treated as this one. */
const MAX_WINDOW_SCALE = 14;

/** The window scale option of a SYN; -1 without it. */
export function windowScale(packet: Packet): number {
  const at = findOption(packet, KIND.windowScale, 3);
  return at < 0 ? -1 : Math.min(MAX_WINDOW_SCALE, packet.bytes[at + 2] as number);
}

/** The maximum segment size option of a SYN; 0 without it. */
export function maximumSegmentSize(packet: Packet): number {
  const at = findOption(packet, KIND.segmentSize, 4);
  return at < 0 ? 0 : u16(packet.bytes, at + 2);
}

/** The position of an option in a TCP header; -1 if it is missing or shorter than `length`. */
function findOption({ bytes, end, transportAt, payloadAt }: Packet, kind: number, length: number) {
  const optionsEnd = Math.min(payloadAt, end);
  let at = transportAt + 20;
  while (at + 1 < optionsEnd) {
    const optionKind = bytes[at] as number;
    if (optionKind === KIND.end) return -1;
    if (optionKind === KIND.noOperation) {
      at += 1;
      continue;
    }
    const optionLength = bytes[at + 1] as number;
    if (optionLength < 2) return -1;
    if (optionKind === kind) return optionLength >= length && at + length <= optionsEnd ? at : -1;
    at += optionLength;
  }
  return -1;
}
