import { crc32, deflateRawSync } from 'node:zlib';
import type { Entry } from './archive.ts';

// The layout of .zip: PKWARE's APPNOTE.TXT. Numbers are little-endian.
const LOCAL_HEADER = 0x04034b50;
const CENTRAL_HEADER = 0x02014b50;
const END = 0x06054b50;
const VERSION = 20;
const UNIX = 3;
const DEFLATE = 8;
const REGULAR_FILE = 0o100000;

/** A .zip file. No file in it may be larger than 4 GiB. */
export function zipped(entries: readonly Entry[], time: Date): Buffer {
  const files: Buffer[] = [];
  const directory: Buffer[] = [];
  let at = 0;
  for (const { name, content, executable } of entries) {
    const compressed = deflateRawSync(content, { level: 9, memLevel: 9 });
    const nameBytes = Buffer.from(name);
    const common = Buffer.alloc(26);
    common.writeUInt16LE(VERSION, 0);
    common.writeUInt16LE(DEFLATE, 4);
    common.writeUInt32LE(dosTime(time), 6);
    common.writeUInt32LE(crc32(content), 10);
    common.writeUInt32LE(compressed.length, 14);
    common.writeUInt32LE(content.length, 18);
    common.writeUInt16LE(nameBytes.length, 22);
    const local = [number(LOCAL_HEADER), common, nameBytes, compressed];
    const central = Buffer.alloc(14);
    central.writeUInt32LE(((REGULAR_FILE | (executable ? 0o755 : 0o644)) << 16) >>> 0, 6);
    central.writeUInt32LE(at, 10);
    const madeBy = Buffer.from([VERSION, UNIX]);
    directory.push(number(CENTRAL_HEADER), madeBy, common, central, nameBytes);
    files.push(...local);
    at += local.reduce((sum, { length }) => sum + length, 0);
  }
  const headers = Buffer.concat(directory);
  const end = Buffer.alloc(18);
  end.writeUInt16LE(entries.length, 4);
  end.writeUInt16LE(entries.length, 6);
  end.writeUInt32LE(headers.length, 8);
  end.writeUInt32LE(at, 12);
  return Buffer.concat([...files, headers, number(END), end]);
}

/** The time in MS-DOS format. UTC is used, so that it is the same wherever the archive is created. */
function dosTime(time: Date): number {
  const date = ((time.getUTCFullYear() - 1980) << 9) | ((time.getUTCMonth() + 1) << 5);
  const clock = (time.getUTCHours() << 11) | (time.getUTCMinutes() << 5);
  return (((date | time.getUTCDate()) << 16) | clock | (time.getUTCSeconds() >> 1)) >>> 0;
}

function number(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}
