import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { CompressionChoice } from '../../../../src/capture/fetch/compressionChoice.ts';
import type { Notice } from '../../../../src/notice.ts';
import { type Fault, FaultySpool } from './faultySpool.ts';
import { expectWhole, fetchFrom, recorded, spoolOf } from './fetching.ts';
import type { CommandRun } from './localSpool.ts';

const hasZstd = spawnSync('zstd', ['--version']).status === 0;

/** A link with this many bytes per second, until the next fault occurs. */
function slow(rate: number, ...faults: (Fault | undefined)[]) {
  return (verb: string, words: readonly string[]): Fault | undefined => {
    if (verb !== 'copy') return undefined;
    return (isPacked(words) ? faults.shift() : undefined) ?? { rate };
  };
}

const isPacked = (words: readonly string[]) => words.some((word) => word.startsWith('pack='));
const packed = (commands: readonly CommandRun[]) =>
  commands.filter(({ verb, words }) => verb === 'copy' && isPacked(words));

describe.concurrent('a fetch over a slow link', () => {
  const FILES = [1, 2, 3, 4].map((seq) => recorded(seq, 2_500_000));

  it('makes the pod compress, reports it, and ends with identical files', async () => {
    const { spool, folder } = spoolOf(FILES);
    const notes: Notice[] = [];
    const compressions = new Set<string | undefined>();
    await fetchFrom(new FaultySpool(spool, slow(1e6)), folder, {
      allowCompression: true,
      verify: 'size+walk',
      onNote: (notice) => notes.push(notice),
      onProgress: ({ compression }) => compressions.add(compression),
    });
    expectWhole(folder, FILES);
    const program = hasZstd ? 'zstd' : 'gzip';
    expect([...compressions]).toEqual([undefined, program]);
    expect(notes).toEqual([{ kind: 'compression', text: expect.stringContaining(program) }]);
    const bytes = packed(spool.commands).reduce((sum, command) => sum + command.bytes, 0);
    expect(bytes).toBeGreaterThan(0);
    expect(bytes).toBeLessThan(2e6);
  });

  it('requests nothing compressed if the pod must not use its processor', async () => {
    const { spool, folder } = spoolOf(FILES.slice(0, 1));
    await fetchFrom(new FaultySpool(spool, slow(1e6)), folder);
    expect(packed(spool.commands)).toEqual([]);
  });

  it.for([
    { cut: 9_000 },
    { cutWithSuccess: 20_000 },
    { flip: 30_000 },
    { noStatus: 'ends' },
  ] as const)(
    'never accepts damaged compressed data as complete after %j',
    async (fault, { expect }) => {
      const { spool, folder } = spoolOf(FILES);
      await fetchFrom(new FaultySpool(spool, slow(1e6, fault)), folder, {
        allowCompression: true,
        verify: 'size+walk',
        limits: { firstPause: 20, status: 300 },
      });
      expectWhole(folder, FILES);
      expect(packed(spool.commands).length).toBeGreaterThan(1);
    },
  );

  it('returns to uncompressed data if compression does not make it smaller', () => {
    const choice = measured({ plain: 5e6, packed: 5.1e6 });
    expect(choice.current).toBeUndefined();
  });

  it('keeps whichever is faster, and does not try compression on a fast link', () => {
    expect(measured({ plain: 5e6, packed: 15e6 }).current).toBe('zstd');
    expect(measured({ plain: 50e6, packed: 50e6 }).current).toBeUndefined();
  });

  it('does not switch when little data is left', () => {
    expect(measured({ plain: 5e6, packed: 15e6, left: 5e6 }).current).toBeUndefined();
  });

  it('switches within half a second on a steady slow link', () => {
    expect(measured({ plain: 5e6, packed: 15e6, duration: 500 }).current).toBe('zstd');
  });

  it('does not mistake the slow start of a fast link for a slow link', () => {
    // The rate doubles in each round trip until the link is full.
    const starting = (roundTrip: number) => (ms: number) =>
      Math.min(100e6, (15_000 / roundTrip) * 1000 * 2 ** Math.floor(ms / roundTrip));
    for (const roundTrip of [20, 50, 100])
      expect(measured({ plain: starting(roundTrip), packed: 30e6 }).switches).toBe(0);
  });

  it('measures longer if buffers on the way deliver their contents first', () => {
    const link = { plain: (ms: number) => (ms < 150 ? 40e6 : 5e6), packed: 15e6 };
    expect(measured({ ...link, duration: 400 }).current).toBeUndefined();
    expect(measured({ ...link, duration: 700 }).current).toBe('zstd');
  });

  it('does not switch because a fast link is slow for a moment', () => {
    const plain = (ms: number) => (ms > 2200 && ms < 2700 ? 5e6 : 60e6);
    expect(measured({ plain, packed: 30e6 }).switches).toBe(0);
  });
});

interface MeasuredLink {
  /** Bytes per second, or their course over milliseconds. */
  readonly plain: number | ((ms: number) => number);
  readonly packed: number;
  readonly left?: number;
  /** In milliseconds. */
  readonly duration?: number;
}

/** The choice after some seconds on a link, and how often compression was switched on. */
function measured({ plain, packed, left = 1e9, duration = 10_000 }: MeasuredLink) {
  let now = 0;
  let switches = 0;
  const choice = new CompressionChoice(
    'zstd',
    () => {},
    () => now,
  );
  for (; now < duration; now += 10) {
    const before = choice.current;
    const plainRate = typeof plain === 'number' ? plain : plain(now);
    choice.addBytes((before === undefined ? plainRate : packed) / 100, left);
    if (before === undefined && choice.current !== undefined) switches++;
  }
  return { current: choice.current, switches };
}
