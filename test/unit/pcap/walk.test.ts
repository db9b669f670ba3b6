import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { PcapCursor } from '../../../src/pcap/pcapCursor.ts';
import { InvalidPcapError } from '../../../src/pcap/records.ts';
import { PcapWalker } from '../../../src/pcap/walk.ts';
import { samplePcap } from './samplePcap.ts';

const LENGTHS = [0, 1, 60, 1500, 9000, 0, 15, 16, 17];

/** Feeds the file to a walker in pieces: all of one length, or of these lengths and then the rest. */
function walk(file: Buffer, pieces: number | readonly number[] = file.length) {
  const walker = new PcapWalker();
  let at = 0;
  for (let index = 0; at < file.length; index++) {
    const piece = typeof pieces === 'number' ? pieces : (pieces[index] ?? file.length);
    walker.walk(file.subarray(at, at + piece));
    at += piece;
  }
  return walker.result;
}

/** What the reader of capture files finds in a whole file, including packets. */
function readByCursor(file: Buffer) {
  const cursor = new PcapCursor();
  const result = { bytes: file.length, wholeBytes: 0, packets: 0 };
  cursor.push(file);
  try {
    while (cursor.next()) {
      const { seconds, nanoseconds, originalLength, start, end } = cursor;
      const zeros = seconds + nanoseconds + originalLength + end - start === 0;
      if (cursor.invalidTimes > 0 || zeros) {
        cursor.rewind(cursor.recordStart);
        break;
      }
      result.packets += 1;
    }
  } catch (error) {
    if (!(error instanceof InvalidPcapError)) throw error;
  }
  return { ...result, wholeBytes: cursor.at };
}

/** Random whole numbers below a limit, the same ones for the same seed. */
function randomFrom(seed: number) {
  let state = seed + 1;
  return (limit: number) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * limit);
  };
}

describe('a walk through a pcap file', () => {
  it.each([1, 7, 16, 24, 25, 100, 100_000])('counts in pieces of %i bytes', (piece) => {
    const file = samplePcap(LENGTHS);
    expect(walk(file, piece)).toEqual({
      bytes: file.length,
      wholeBytes: file.length,
      packets: LENGTHS.length,
      first: { seconds: 1_700_000_000, nanoseconds: 123_456_000 },
      last: { seconds: 1_700_000_008, nanoseconds: 123_464_000 },
    });
  });

  it.each([
    { littleEndian: true, nanoseconds: true },
    { littleEndian: false, nanoseconds: true },
    { littleEndian: false, nanoseconds: false },
  ])('reads $littleEndian $nanoseconds', (format) => {
    const result = walk(samplePcap([10, 20], format), 5);
    expect(result.packets).toBe(2);
    expect(result.last?.nanoseconds).toBe(format.nanoseconds ? 123_457 : 123_457_000);
  });

  it('finds the end of the last whole packet, wherever the file is cut', () => {
    const file = samplePcap([5, 300, 40]);
    const ends = [24, 24 + 21, 24 + 21 + 316, file.length];
    for (let length = 0; length <= file.length; length++) {
      const result = walk(file.subarray(0, length), 50);
      expect(result.wholeBytes).toBe(Math.max(0, ...ends.filter((end) => end <= length)));
      expect(result.bytes).toBe(length);
      expect(result.damage).toBeUndefined();
    }
  });

  it('stops at data that cannot be a packet', () => {
    const file = samplePcap([10, 10, 10]);
    const second = 24 + 26;
    const zeroed = Buffer.concat([file.subarray(0, second), Buffer.alloc(4096)]);
    expect(walk(zeroed, 7)).toMatchObject({ wholeBytes: second, packets: 1, bytes: second + 4096 });
    expect(walk(zeroed, 7).damage).toMatch(/zeros/);
    const long = Buffer.from(file);
    long.writeUInt32LE(0x7fffffff, second + 8);
    expect(walk(long)).toMatchObject({ wholeBytes: second, packets: 1, damage: /claims/ });
    const late = Buffer.from(file);
    late.writeUInt32LE(1_000_000, second + 4);
    expect(walk(late).damage).toMatch(/\btime\b/);
    expect(walk(Buffer.alloc(64, 'x'))).toMatchObject({ packets: 0, wholeBytes: 0 });
    expect(walk(Buffer.alloc(64, 'x')).damage).toMatch(/\bpcap\b/);
  });

  // Each seed is a different file with a changed byte, cut and fed in pieces of different lengths.
  it.each(Array.from({ length: 300 }, (_, seed) => seed))(
    'finds the same as a reader: seed %i',
    (seed) => {
      const random = randomFrom(seed);
      const lengths = Array.from({ length: random(12) }, () => random(random(2) ? 40 : 3000));
      const file = samplePcap(lengths, {
        littleEndian: random(2) === 0,
        nanoseconds: random(2) === 0,
      });
      if (random(3) > 0) file[random(Math.min(file.length, 400))] = random(256);
      const cut = file.subarray(0, random(4) === 0 ? random(file.length + 1) : file.length);
      const pieces = Array.from({ length: 400 }, () => 1 + random(random(2) ? 20 : 4000));
      expect(walk(cut, pieces)).toMatchObject(readByCursor(cut));
    },
  );

  it.skipIf(spawnSync('capinfos', ['-v']).status !== 0)('agrees with capinfos', () => {
    const folder = mkdtempSync(join(tmpdir(), 'netdebug-walk-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const path = join(folder, 'sample.pcap');
    const file = samplePcap(Array.from({ length: 500 }, (_, index) => (index * 37) % 1400));
    writeFileSync(path, file);
    const table = execFileSync('capinfos', ['-TMmcaeS', path], { encoding: 'utf8' });
    const [, packets, first, last] = (table.split('\n')[1] ?? '').split(/[\t,]/);
    const result = walk(file, 777);
    expect(result.packets).toBe(Number(packets));
    const text = (time?: { seconds: number; nanoseconds: number }) =>
      `${time?.seconds}.${String((time?.nanoseconds ?? 0) / 1000).padStart(6, '0')}`;
    expect([text(result.first), text(result.last)]).toEqual([first, last]);
  });
});
