import { Readable } from 'node:stream';
import { setTimeout } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import {
  type CaptureReader,
  openCapture,
  openCaptureStream,
} from '../../../src/pcap/captureReader.ts';
import { InvalidPcapError } from '../../../src/pcap/records.ts';
import { Chance, LINK_TYPES, pcapOf } from './madeCaptures.ts';
import { FilesForTest, wireshark } from './wireshark.ts';

const chance = new Chance(7);
/** Several chunks of a file: packets span their boundaries. */
const PACKETS = Array.from({ length: 4_000 }, (_, index) => ({
  at: { seconds: 1_700_000_000 + index, nanoseconds: 5_000 },
  originalLength: 2_000,
  data: Buffer.alloc(chance.between(0, 3_000), index),
}));
const CAPTURE = pcapOf({
  nanoseconds: false,
  littleEndian: true,
  linkType: LINK_TYPES.ethernet,
  snapLength: 262_144,
  packets: PACKETS,
});

interface Found {
  readonly packets: number;
  readonly cutOff: number;
  readonly damage: string | undefined;
}

/** Reads to the end, with a pause at each chunk; each packet must be the next of PACKETS. */
async function readAll(reader: CaptureReader, pause = 0): Promise<Found> {
  try {
    while (await reader.readChunk()) {
      if (pause > 0) await setTimeout(pause);
      while (reader.next()) {
        const { cursor, packets } = reader;
        const made = PACKETS[packets - 1];
        const kept = cursor.bytes.subarray(cursor.start, cursor.end);
        if (cursor.seconds !== made?.at.seconds || !kept.equals(made.data))
          throw new Error(`packet ${packets} differs`);
      }
    }
    return { packets: reader.packets, cutOff: reader.truncatedBytes, damage: reader.damage };
  } finally {
    await reader.close();
  }
}

const WHOLE = { packets: PACKETS.length, cutOff: 0, damage: undefined };

describe('a capture is read', () => {
  it('from a file, plain or compressed, with any name', async () => {
    using files = new FilesForTest();
    const plain = files.write('a', CAPTURE);
    // More than once: the next chunk is read while the packets of the current one are processed.
    for (let time = 0; time < 20; time++)
      expect(await readAll(await openCapture(plain), 1)).toEqual(WHOLE);
    expect(await readAll(await openCapture(files.write('b', gzipSync(CAPTURE))))).toEqual(WHOLE);
  });

  it('from a stream in pieces of any size', async () => {
    for (const size of [1, 7, 65_536]) {
      const beginning = size < 10 ? 200_000 : CAPTURE.length;
      const pieces = function* (bytes: Buffer) {
        for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
      };
      const part = CAPTURE.subarray(0, beginning);
      const plain = await readAll(openCaptureStream(Readable.from(pieces(part))));
      const zipped = await readAll(openCaptureStream(Readable.from(pieces(gzipSync(part)))));
      expect(plain).toEqual(zipped);
      expect(plain.packets).toBeGreaterThan(100);
    }
  });

  it('up to its end inside a packet', async () => {
    using files = new FilesForTest();
    const cut = await readAll(await openCapture(files.write('cut', CAPTURE.subarray(0, -10))));
    const { data } = PACKETS.at(-1) ?? { data: [] };
    expect(cut).toEqual({ ...WHOLE, packets: PACKETS.length - 1, cutOff: 16 + data.length - 10 });
  });

  it('up to the end of truncated or damaged compressed data', async () => {
    using files = new FilesForTest();
    const zipped = gzipSync(CAPTURE);
    const cut = await readAll(await openCapture(files.write('cut', zipped.subarray(0, -2_000))));
    expect(cut.packets).toBeGreaterThan(100);
    expect(cut.packets).toBeLessThan(PACKETS.length);
    zipped.fill(0xff, zipped.length - 3_000, zipped.length - 2_000);
    const damaged = await readAll(await openCapture(files.write('damaged', zipped)));
    expect(damaged.damage).toContain('compressed');
  });

  it('up to the damage', async () => {
    using files = new FilesForTest();
    const bytes = Buffer.from(CAPTURE);
    bytes.writeUInt32LE(0x7fffffff, 24 + 8);
    const { packets, damage } = await readAll(await openCapture(files.write('damaged', bytes)));
    expect([packets, damage]).toEqual([0, expect.stringContaining('2147483647')]);
  });

  it('until its reader stops', async () => {
    using files = new FilesForTest();
    const reader = await openCapture(files.write('a', CAPTURE));
    await reader.readChunk();
    reader.next();
    await reader.close();
    expect(reader.packets).toBe(1);
  });
});

it.each([
  ['empty', Buffer.alloc(0)],
  ['too short', Buffer.from([0xd4])],
  ['text', Buffer.from('#!/bin/sh\necho this is no capture, and long enough')],
  ['compressed text', gzipSync('#!/bin/sh\necho this is no capture, and long enough')],
])('refuses files that are not captures: %s', async (_name, bytes) => {
  using files = new FilesForTest();
  await expect(readAll(await openCapture(files.write('x', bytes)))).rejects.toThrow(
    InvalidPcapError,
  );
});

it('marks invalid times', async () => {
  using files = new FilesForTest();
  const bytes = pcapOf({
    nanoseconds: false,
    littleEndian: false,
    linkType: LINK_TYPES.ethernet,
    snapLength: 0,
    packets: [{ at: { seconds: 5, nanoseconds: 4e12 }, originalLength: 0, data: Buffer.alloc(0) }],
  });
  const reader = await openCapture(files.write('x', bytes));
  await reader.readChunk();
  reader.next();
  expect([reader.cursor.invalidTimes, reader.cursor.nanoseconds]).toEqual([1, 0]);
  await reader.close();
});

it('reads the output of editcap: pcapng with names, counts and comments', async () => {
  using files = new FilesForTest();
  const path = files.path('out.pcapng');
  const source = files.write('in.pcap', CAPTURE);
  wireshark('editcap', '-F', 'pcapng', '--capture-comment', 'a note', source, path);
  const reader = await openCapture(path);
  expect(await readAll(reader)).toEqual(WHOLE);
  expect(reader.cursor.sectionComments).toEqual(['a note']);
});
