import type { PacketCursor } from './packetCursor.ts';
import { PcapCursor } from './pcapCursor.ts';
import { PcapngCursor } from './pcapngCursor.ts';
import { BLOCK } from './pcapngFormat.ts';

const MAGIC_BYTES = 4;

/**
 * Creates a cursor for a pcap or pcapng stream that begins with these bytes, and pushes them to it. Returns undefined
 * if they are too few to recognize the format.
 */
export function openCursor(beginning: Buffer): PacketCursor | undefined {
  if (beginning.length < MAGIC_BYTES) return undefined;
  const pcapng = beginning.readUInt32LE(0) === BLOCK.section;
  const cursor = pcapng ? new PcapngCursor() : new PcapCursor();
  cursor.push(beginning);
  return cursor;
}
