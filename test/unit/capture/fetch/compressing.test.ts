import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { CompressionChoice } from '../../../../src/capture/fetch/compressionChoice.ts';
import type { Notice } from '../../../../src/notice.ts';
import { type Fault, FaultySpool } from './faultySpool.ts';
import { expectWhole, fetchFrom, recorded, spoolOf } from './fetching.ts';
import type { Asked } from './localSpool.ts';

const hasZstd = spawnSync('zstd', ['--version']).status === 0;

/** A link with this many bytes per second, until the next fault occurs. */
function slow(rate: number, ...faults: (Fault | undefined)[]) {
  return (verb: string, words: readonly string[]): Fault | undefined => {
    if (verb !== 'copy') return undefined;
    return (isPacked(words) ? faults.shift() : undefined) ?? { rate };
  };
}

const isPacked = (words: readonly string[]) => words.some((word) => word.startsWith('pack='));
const packed = (asked: readonly Asked[]) =>
  asked.filter(({ verb, words }) => verb === 'copy' && isPacked(words));

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
    const bytes = packed(spool.asked).reduce((sum, asked) => sum + asked.bytes, 0);
    expect(bytes).toBeGreaterThan(0);
    expect(bytes).toBeLessThan(2e6);
  });

  it('requests nothing compressed if the pod must not use its processor', async () => {
    const { spool, folder } = spoolOf(FILES.slice(0, 1));
    await fetchFrom(new FaultySpool(spool, slow(1e6)), folder);
    expect(packed(spool.asked)).toEqual([]);
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
      expect(packed(spool.asked).length).toBeGreaterThan(1);
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
});

/** The choice after some seconds at these rates, in bytes per second. */
function measured(link: { plain: number; packed: number; left?: number }): CompressionChoice {
  let now = 0;
  const choice = new CompressionChoice(
    'zstd',
    () => {},
    () => now,
  );
  for (; now < 10_000; now += 10) {
    const rate = choice.current === undefined ? link.plain : link.packed;
    choice.addBytes(rate / 100, link.left ?? 1e9);
  }
  return choice;
}
