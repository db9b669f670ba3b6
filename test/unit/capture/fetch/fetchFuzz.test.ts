import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import { Problem } from '../../../../src/problem.ts';
import { samplePcap } from '../../pcap/samplePcap.ts';
import { type Fault, FaultySpool } from './faultySpool.ts';
import { expectWhole, fetchFrom, freshFolder, recorded, START, spoolOf } from './fetching.ts';
import { MemorySpool } from './memorySpool.ts';

/** Numbers from 0 to 1 that are the same in every run (Numerical Recipes' generator). */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

function randomFile(random: () => number, seq: number): Buffer {
  if (random() < 0.1) return Buffer.alloc(0);
  const lengths = Array.from({ length: Math.floor(random() * 60) }, () =>
    Math.floor(random() ** 3 * 20_000),
  );
  const file = samplePcap(lengths, { start: START + seq, littleEndian: random() < 0.8 });
  return random() < 0.1 ? file.subarray(0, Math.floor(random() * file.length)) : file;
}

function randomFault(random: () => number): Fault | undefined {
  const at = Math.floor(random() ** 2 * 200_000);
  const all: (Fault | undefined)[] = [
    undefined,
    undefined,
    { cut: at },
    { cut: Math.floor(at / 1000) },
    { cutWithSuccess: at },
    { noStatus: 'ends' },
    'refused',
  ];
  return all[Math.floor(random() * all.length)];
}

describe.concurrent('a fetch with random faults', () => {
  it.for([1, 2, 3, 4])('ends with identical files: 5 histories of seed %i', async (seed) => {
    const random = randomFrom(seed);
    for (let round = 0; round < 5; round++) {
      const count = 1 + Math.floor(random() * 8);
      const spool = new MemorySpool(
        Array.from({ length: count }, (_, index) => randomFile(random, index + 1)),
      );
      const folder = join(freshFolder(), 'out');
      const link = new FaultySpool(spool, () => randomFault(random));
      const verify = random() < 0.5 ? 'sha256' : 'size+walk';
      const streams = 1 + Math.floor(random() * 3);
      let done = false;
      for (let attempt = 0; attempt < 20 && !done; attempt++) {
        const ended = new AbortController();
        const stopAt = random() * 600_000;
        await fetchFrom(link, folder, {
          verify,
          streams,
          signal: ended.signal,
          limits: { idle: 2000, status: 500, giveUpAfter: 60, firstPause: 1 },
          onProgress: ({ bytes }) => bytes > stopAt && ended.abort(new Error('stopped')),
        }).then(
          () => {
            done = true;
          },
          (error: Error) => {
            const isCut = error instanceof Problem && error.kind === 'unreachable';
            if (!isCut && !/stopped|refused/.test(error.message)) throw error;
          },
        );
      }
      await fetchFrom(spool, folder, { verify });
      expectWhole(folder, spool.files);
    }
  });

  it.skipIf(spawnSync('unshare', ['-m', 'true']).status !== 0)(
    'reports a full disk, keeps complete files, and resumes when there is space',
    async () => {
      const files = [1, 2, 3].map((seq) => recorded(seq, 700_000));
      const { spool } = spoolOf(files);
      // NODE PROGRAM SPOOL DISK
      const script = 'mount -t tmpfs -o size=1m none "$4" && exec "$@"';
      const program = [process.execPath, join(import.meta.dirname, 'fullDisk.ts')];
      const words = ['-m', 'sh', '-c', script, 'sh', ...program, spool.folder, freshFolder()];
      const child = spawn('unshare', words, { stdio: ['ignore', 'pipe', 'inherit'] });
      const { failure, kept, identical } = JSON.parse(await text(child.stdout)) as {
        failure: string;
        kept: [string, number][];
        identical: boolean;
      };
      // What does not fit is a capture file, or the manifest, which is replaced during the fetch.
      expect(failure).toMatch(/web-000[23]-.*\.part|capture\.json/);
      expect(kept).toContainEqual(['web-0001-20261124T130501Z.pcap', files[0]?.length]);
      expect(kept.find(([name]) => name.endsWith('.part'))?.[1]).toBeGreaterThan(0);
      expect(identical).toBe(true);
    },
  );

  it('sends less than 1 MB again when it is killed at five random moments', async () => {
    const files = Array.from({ length: 8 }, (_, index) => recorded(index + 1, 2_500_000));
    const { spool, folder } = spoolOf(files);
    const total = files.reduce((sum, { length }) => sum + length, 0);
    const random = randomFrom(Date.now());
    const moments = Array.from({ length: 5 }, () => Math.floor(random() * total)).sort(
      (a, b) => a - b,
    );
    let came = 0;
    for (const moment of moments) {
      const child = spawn(
        process.execPath,
        [join(import.meta.dirname, 'killedFetch.ts'), spool.folder, folder, String(moment)],
        { stdio: ['ignore', 'pipe', 'inherit'] },
      );
      const printed = text(child.stdout);
      const [, signal] = (await once(child, 'exit')) as [number | null, string | null];
      expect(signal).toBe('SIGKILL');
      came += Number(await printed);
    }
    spool.commands.length = 0;
    await fetchFrom(spool, folder);
    expectWhole(folder, files);
    for (const { verb, bytes } of spool.commands)
      if (verb !== 'list' && verb !== 'sum') came += bytes;
    expect(came).toBeGreaterThan(total);
    expect((came - total) / moments.length).toBeLessThan(1e6);
  });
});
