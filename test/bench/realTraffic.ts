import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * A pcap file of about this many bytes: the packets of the captures in ../shared/captures beside the checkout, again and
 * again. Undefined where there is no such folder.
 */
export function realTraffic(bytes: number): Buffer | undefined {
  const captures = join(import.meta.dirname, '../../../shared/captures');
  if (!existsSync(captures)) return undefined;
  const packets = readdirSync(captures, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.pcap'))
    .map((name) => readFileSync(join(captures, name)))
    // Of one kind, so that one header fits: little-endian, microseconds, Ethernet.
    .filter((file) => file.length > 24 && file.readUInt32LE(0) === 0xa1b2c3d4)
    .filter((file) => file.readUInt32LE(20) === 1)
    .map(wholePackets);
  const all = Buffer.concat(packets);
  const header = Buffer.from('d4c3b2a10200040000000000000000000000040001000000', 'hex');
  // Farther apart than a compressor at its fastest level looks back.
  const times = Math.ceil(bytes / all.length);
  return Buffer.concat([header, ...Array.from({ length: times }, () => all)]);
}

/** The records of a pcap file without what is cut off at its end. */
function wholePackets(file: Buffer): Buffer {
  let at = 24;
  while (at + 16 <= file.length && at + 16 + file.readUInt32LE(at + 8) <= file.length)
    at += 16 + file.readUInt32LE(at + 8);
  return file.subarray(24, at);
}
