import { describe, expect, it } from 'vitest';
import { PacketCutter } from '../../../src/pcap/packetCutter.ts';
import { InvalidPcapError } from '../../../src/pcap/records.ts';

/** A pcap file of packets with these payload lengths, in either byte order. */
function pcap(lengths: readonly number[], littleEndian = true): Buffer {
  const word = (value: number) => {
    const bytes = Buffer.alloc(4);
    if (littleEndian) bytes.writeUInt32LE(value);
    else bytes.writeUInt32BE(value);
    return bytes;
  };
  const header = Buffer.concat([word(0xa1b2c3d4), Buffer.alloc(12), word(262144), word(1)]);
  const records = lengths.map((length, index) =>
    Buffer.concat([word(index), word(0), word(length), word(length), Buffer.alloc(length, index)]),
  );
  return Buffer.concat([header, ...records]);
}

/** Feeds `file` in pieces of `size` bytes and joins the output. */
function cutInPieces(cutter: PacketCutter, file: Buffer, size: number): Buffer {
  const out: Buffer[] = [];
  for (let at = 0; at < file.length; at += size) out.push(cutter.cut(file.subarray(at, at + size)));
  return Buffer.concat(out);
}

describe('PacketCutter', () => {
  it.each([1, 7, 16, 24, 100, 10_000])('passes on a whole file, in pieces of %i bytes', (size) => {
    const file = pcap([0, 1, 60, 1500, 9000]);
    const cutter = new PacketCutter();
    expect(cutInPieces(cutter, file, size)).toEqual(file);
    expect(cutter).toMatchObject({ packets: 5, bytes: file.length, isFull: false });
  });

  it('reads both byte orders', () => {
    const cutter = new PacketCutter();
    cutter.cut(pcap([10, 20], false));
    expect(cutter.packets).toBe(2);
  });

  it('holds back an incomplete packet, wherever the stream ends', () => {
    const file = pcap([5, 300, 40]);
    const ends = [24, 24 + 21, 24 + 21 + 316, file.length];
    for (let length = 0; length <= file.length; length++) {
      const kept = new PacketCutter().cut(file.subarray(0, length)).length;
      expect(kept).toBe(Math.max(0, ...ends.filter((end) => end <= length)));
    }
  });

  it('restarts with another header, and continues to count', () => {
    const [first, second] = [pcap([10]), pcap([20, 30], false)];
    const cutter = new PacketCutter();
    cutter.cut(first);
    cutter.startNewFile();
    expect(cutter.cut(second)).toEqual(second);
    expect(cutter).toMatchObject({ packets: 3, bytes: first.length + second.length });
    expect(cutter.completeBytesWithin(second, 24 + 36)).toBe(24 + 36);
    expect(cutter.completeBytesWithin(second, 23)).toBe(0);
  });

  it('stops before the packet that would exceed the limit, and reports it', () => {
    const file = pcap([100, 100, 100]);
    const cutter = new PacketCutter(24 + 2 * 116 + 115);
    expect(cutInPieces(cutter, file, 50).length).toBe(24 + 2 * 116);
    expect(cutter).toMatchObject({ packets: 2, isFull: true });
    expect(cutter.cut(file)).toHaveLength(0);
  });

  it('finds the last whole packet within the part of a chunk that was written', () => {
    const file = pcap([100, 100, 100]);
    const cutter = new PacketCutter();
    const first = cutter.cut(file.subarray(0, 200));
    expect(cutter.completeBytesWithin(first, 23)).toBe(0);
    expect(cutter.completeBytesWithin(first, 139)).toBe(24);
    expect(cutter.completeBytesWithin(first, 140)).toBe(140);
    const second = cutter.cut(file.subarray(200));
    expect(cutter.completeBytesWithin(second, 115)).toBe(0);
    expect(cutter.completeBytesWithin(second, 117)).toBe(116);
  });

  it('refuses streams that are not pcap, and invalid records', () => {
    expect(() => new PacketCutter().cut(Buffer.alloc(64, 'x'))).toThrow(InvalidPcapError);
    const damaged = pcap([10]);
    damaged.writeUInt32LE(0x7fffffff, 24 + 8);
    expect(() => new PacketCutter().cut(damaged)).toThrow(InvalidPcapError);
  });
});
