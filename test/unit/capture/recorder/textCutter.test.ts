import { describe, expect, it } from 'vitest';
import { TextCutter } from '../../../../src/capture/recorder/textCutter.ts';

const TEXT = '12:00 IP a > b: tcp\n\t0x0000: 4500\n    more\n12:01 IP c > d\n';

function cutInPieces(cutter: TextCutter, text: Buffer, size: number): string {
  const out: Buffer[] = [];
  for (let at = 0; at < text.length; at += size) out.push(cutter.cut(text.subarray(at, at + size)));
  return Buffer.concat(out).toString('latin1');
}

describe('TextCutter', () => {
  it.each([1, 3, 20, 1000])('passes whole lines on, in pieces of %i bytes', (size) => {
    const cutter = new TextCutter();
    expect(cutInPieces(cutter, Buffer.from(`${TEXT}12:02 cut`), size)).toBe(TEXT);
    expect(cutter).toMatchObject({ packets: 2, bytes: TEXT.length, isFull: false });
  });

  it('stops before the line that would exceed the limit', () => {
    for (let limit = 0; limit <= TEXT.length; limit++) {
      const cutter = new TextCutter(limit);
      const out = cutInPieces(cutter, Buffer.from(TEXT), 7);
      expect(out.length).toBeLessThanOrEqual(limit);
      expect(TEXT.startsWith(out)).toBe(true);
      expect(out === '' || out.endsWith('\n')).toBe(true);
      expect(cutter.isFull).toBe(limit < TEXT.length);
      expect(cutter.bytes).toBe(out.length);
    }
  });

  it('escapes everything that could act on a terminal', () => {
    const cutter = new TextCutter();
    const evil = '\x1b[31mred\x07\r\x7f \u009b31m \u202e ü\ttab\n';
    const out = cutter.cut(Buffer.from(evil)).toString('latin1');
    expect(out).toBe('\\x1b[31mred\\x07\\x0d\\x7f \\xc2\\x9b31m \\xe2\\x80\\xae \\xc3\\xbc\ttab\n');
    expect(out).toMatch(/^[\x20-\x7e\t\n]*$/);
  });

  it('finds the last whole line within the part that was written', () => {
    const cutter = new TextCutter();
    const chunk = Buffer.from('ab\ncd\n');
    expect([0, 1, 2, 3, 5, 6].map((length) => cutter.completeBytesWithin(chunk, length))).toEqual([
      0, 0, 0, 3, 3, 6,
    ]);
  });

  it('does not buffer an endless line, and processes it fast', () => {
    const cutter = new TextCutter(10_000_000);
    const piece = Buffer.alloc(16_384, 'x');
    const before = process.cpuUsage().user;
    let passed = 0;
    for (let i = 0; i < 1_000; i++) passed += cutter.cut(piece).length;
    expect(process.cpuUsage().user - before).toBeLessThan(4_000_000);
    expect(passed).toBeGreaterThan(9_900_000);
    expect(passed).toBeLessThanOrEqual(10_000_000);
    expect(cutter.isFull).toBe(true);
  });
});
