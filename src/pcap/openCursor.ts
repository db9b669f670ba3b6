import type { PacketCursor } from './packetCursor.ts';
import { PcapCursor } from './pcapCursor.ts';
import { PcapngCursor } from './pcapngCursor.ts';
import { BLOCK } from './pcapngFormat.ts';

const MAGIC_BYTES = 4;

/**
 * A cursor for a stream that begins with these bytes, pcap or pcapng, which it has taken; undefined
 * when they are too few to tell.
 */
export function openCursor(beginning: Buffer): PacketCursor | undefined {
  if (beginning.length < MAGIC_BYTES) return undefined;
  const pcapng = beginning.readUInt32LE(0) === BLOCK.section;
  const cursor = pcapng ? new PcapngCursor() : new PcapCursor();
  cursor.push(beginning);
  return cursor;
}
