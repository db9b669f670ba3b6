import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * A pcap file of about this many bytes: the repeated packets of the captures in ../shared/captures beside the checkout.
 * Undefined if there is no such folder.
 */
export function realTraffic(bytes: number): Buffer | undefined {
  const captures = join(import.meta.dirname, '../../../shared/captures');
  if (!existsSync(captures)) return undefined;
  const packets = readdirSync(captures, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.pcap'))
    .map((name) => readFileSync(join(captures, name)))
    // Only files of the same type, so that one header fits: little-endian, microseconds, Ethernet.
    .filter((file) => file.length > 24 && file.readUInt32LE(0) === 0xa1b2c3d4)
    .filter((file) => file.readUInt32LE(20) === 1)
    .map(wholePackets);
  const all = Buffer.concat(packets);
  const header = Buffer.from('d4c3b2a10200040000000000000000000000040001000000', 'hex');
  // The repetitions are farther apart than the window of a compressor at its fastest level.
  const times = Math.ceil(bytes / all.length);
  return Buffer.concat([header, ...Array.from({ length: times }, () => all)]);
}

/** The records of a pcap file, without an incomplete one at its end. */
function wholePackets(file: Buffer): Buffer {
  let at = 24;
  while (at + 16 <= file.length && at + 16 + file.readUInt32LE(at + 8) <= file.length)
    at += 16 + file.readUInt32LE(at + 8);
  return file.subarray(24, at);
}
