import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { openCursor } from '../../../src/pcap/openCursor.ts';
import type { PacketCursor } from '../../../src/pcap/packetCursor.ts';
import { PcapngCursor } from '../../../src/pcap/pcapngCursor.ts';
import { InvalidPcapError } from '../../../src/pcap/records.ts';
import { Chance, type MadeCapture, makeCapture, pcapOf } from './madeCaptures.ts';
import { FilesForTest, wireshark } from './wireshark.ts';

interface Read {
  readonly packets: MadeCapture['packets'];
  readonly cursor: PacketCursor;
}

/** Reads a file that arrives in pieces of `size` bytes. */
function read(file: Buffer, size = file.length): Read {
  const cursor = openCursor(file.subarray(0, Math.max(4, size)));
  if (!cursor) throw new Error('too short to be opened');
  const packets: MadeCapture['packets'][number][] = [];
  for (let at = Math.max(4, size); ; at += size) {
    while (cursor.next()) {
      const { seconds, nanoseconds, originalLength, bytes, start, end } = cursor;
      const data = Buffer.from(bytes.subarray(start, end));
      packets.push({ at: { seconds, nanoseconds }, originalLength, data });
    }
    if (at >= file.length) return { packets, cursor };
    cursor.push(file.subarray(at, at + size));
  }
}

/** Words, blocks and the section header of a big-endian file. */
const word = (value: number) => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
};
const block = (type: number, body: Buffer) => {
  const length = word(12 + body.length);
  return Buffer.concat([word(type), length, body, length]);
};
const halves = (high: number, low: number) => word(high * 65536 + low);
const SECTION = block(
  0x0a0d0d0a,
  Buffer.concat([word(0x1a2b3c4d), halves(1, 0), Buffer.alloc(8, 0xff)]),
);

const captures = Array.from({ length: 8 }, (_, seed) =>
  makeCapture(new Chance(seed), { packets: 40, slot: 0, slots: 1 }),
);

describe('a cursor through pcap', () => {
  it('reads both byte orders, microseconds and nanoseconds, in pieces of any size', () => {
    expect(new Set(captures.map(({ littleEndian }) => littleEndian)).size).toBe(2);
    expect(new Set(captures.map(({ nanoseconds }) => nanoseconds)).size).toBe(2);
    for (const capture of captures) {
      const { linkType, snapLength } = capture;
      const resolution = capture.nanoseconds ? 9 : 6;
      for (const size of [1, 15, 16, 17, 1000, 1e6]) {
        const { packets, cursor } = read(pcapOf(capture), size);
        expect(packets).toEqual(capture.packets);
        expect(cursor.interfaces).toMatchObject([{ linkType, snapLength, resolution }]);
        expect(cursor.pending).toBe(0);
      }
    }
  });

  it('reports how much of a packet was cut off, at any position', () => {
    const capture = { ...captures[0], packets: captures[0]?.packets.slice(0, 3) } as MadeCapture;
    const file = pcapOf(capture);
    const ends = [24];
    for (const { data } of capture.packets) ends.push((ends.at(-1) ?? 0) + 16 + data.length);
    for (let length = 24; length <= file.length; length++) {
      const { packets, cursor } = read(file.subarray(0, length));
      const whole = ends.filter((end) => end <= length);
      expect(packets).toEqual(capture.packets.slice(0, whole.length - 1));
      expect(cursor.pending).toBe(length - (whole.at(-1) ?? 0));
    }
  });

  it('refuses files that are not pcap, and packets larger than any recorder keeps', () => {
    const packet = { ...captures[0]?.packets[0], data: Buffer.alloc(262_145) };
    const large = { ...captures[0], packets: [packet] } as MadeCapture;
    expect(() => read(pcapOf(large))).toThrow(InvalidPcapError);
    expect(() => read(Buffer.alloc(64, 'x'))).toThrow(InvalidPcapError);
  });
});

describe('a cursor through pcapng', () => {
  const originals = captures.map((capture) => ({ capture, file: pcapOf(capture) }));

  it('reads what Wireshark’s tools write, in pieces of any size', () => {
    using files = new FilesForTest();
    for (const { capture, file } of originals) {
      const pcap = files.write('in.pcap', file);
      wireshark('editcap', '-F', 'pcapng', pcap, files.path('out.pcapng'));
      const pcapng = readFileSync(files.path('out.pcapng'));
      for (const size of [1, 31, 4096, 1e6]) {
        const { packets, cursor } = read(pcapng, size);
        expect(packets).toEqual(capture.packets);
        const { linkType, snapLength } = capture;
        expect(cursor.interfaces).toMatchObject([{ linkType, snapLength }]);
        expect(cursor.pending).toBe(0);
      }
    }
  });

  it('reads several interfaces, and several sections', () => {
    using files = new FilesForTest();
    const inputs = originals.map(({ file }, index) => files.write(`${index}.pcap`, file));
    wireshark('mergecap', '-a', '-w', files.path('all.pcapng'), ...inputs);
    const all = readFileSync(files.path('all.pcapng'));
    const { packets, cursor } = read(Buffer.concat([all, all]), 10_000);
    const expected = captures.flatMap((capture) => capture.packets);
    expect(packets).toEqual([...expected, ...expected]);
    expect(cursor.interfaces.length).toBe(2 * captures.length);
    expect(cursor.interfaceIndex).toBe(2 * captures.length - 1);
  });

  it('reads the other byte order, and times in powers of two', () => {
    // if_tsresol 0x8a: 2^-10 s; if_tsoffset: 5 s.
    const options = [halves(9, 1), word(0x8a000000), halves(14, 8), word(0), word(5), word(0)];
    const described = block(1, Buffer.concat([halves(113, 0), word(96), ...options]));
    const ticks = 100 * 1024 + 512;
    const packet = block(
      6,
      Buffer.concat([word(0), word(0), word(ticks), word(3), word(60), Buffer.from('abc\0')]),
    );
    const file = Buffer.concat([SECTION, described, packet]);
    const { packets, cursor } = read(file);
    expect(packets).toEqual([
      {
        at: { seconds: 105, nanoseconds: 500_000_000 },
        originalLength: 60,
        data: Buffer.from('abc'),
      },
    ]);
    expect(cursor.interfaces).toMatchObject([{ linkType: 113, snapLength: 96, resolution: 9 }]);
    using files = new FilesForTest();
    const path = files.write('other.pcapng', file);
    expect(wireshark('tshark', '-r', path, '-T', 'fields', '-e', 'frame.time_epoch')).toBe(
      '105.500000000\n',
    );
  });

  it('refuses invalid blocks', () => {
    const described = block(1, Buffer.concat([halves(1, 0), word(0)]));
    const packet = (length: number) =>
      block(6, Buffer.concat([...[0, 0, 0, length, length].map(word), Buffer.alloc(length)]));
    expect(read(Buffer.concat([SECTION, described, packet(262_144)])).packets).toHaveLength(1);
    expect(() => read(Buffer.concat([SECTION, described, packet(262_148)]))).toThrow(
      InvalidPcapError,
    );
    expect(() => read(Buffer.concat([SECTION, packet(4)]))).toThrow(InvalidPcapError);
    const cursor = new PcapngCursor();
    cursor.push(described);
    expect(() => cursor.next()).toThrow(InvalidPcapError);
    using files = new FilesForTest();
    const pcap = files.write('in.pcap', pcapOf(captures[0] as MadeCapture));
    wireshark('editcap', '-F', 'pcapng', pcap, files.path('out.pcapng'));
    const file = readFileSync(files.path('out.pcapng'));
    for (const [at, value] of [
      [4, 0x7ffffff0],
      [4, 30],
      [8, 0],
    ] as const) {
      const damaged = Buffer.from(file);
      damaged.writeUInt32LE(value, at);
      expect(() => read(damaged)).toThrow(InvalidPcapError);
    }
  });
});
