import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { SpoolGone } from '../../../../src/capture/fetch/spoolSource.ts';
import { UnexpectedStream } from '../../../../src/capture/fetch/streamFailures.ts';
import type { Notice } from '../../../../src/notice.ts';
import { Problem } from '../../../../src/problem.ts';
import { type Fault, FaultySpool } from './faultySpool.ts';
import {
  expectWhole,
  fetchFrom,
  IMPATIENT,
  manifestIn,
  namesIn,
  recorded,
  spoolOf,
} from './fetching.ts';

const FILES = [recorded(1, 40_000), Buffer.alloc(0), recorded(3, 300_000), recorded(4, 1000)];
const TOTAL = FILES.reduce((sum, { length }) => sum + length, 0);
const UNVERIFIED = 'size+walk';

/** The first verbs of a kind fail, in this order; the others succeed. */
function once(verb: string, ...faults: (Fault | undefined)[]) {
  return (requested: string) => (requested === verb ? faults.shift() : undefined);
}

/** Bytes of the files that were sent, including the lines of frames. */
function sent(commands: readonly { verb: string; bytes: number }[]): number {
  return commands.filter(({ verb }) => verb === 'copy').reduce((sum, { bytes }) => sum + bytes, 0);
}

describe.concurrent('a fetch over a link that fails', () => {
  const cuts: Fault[] = [
    { cut: 0 },
    { cut: 300 },
    { cut: 512 },
    { cut: 20_000 },
    { cut: 41_500 },
    { cut: 250_000 },
    { cutWithSuccess: 0 },
    { cutWithSuccess: 700 },
    { cutWithSuccess: 200_000 },
    { blackhole: 0 },
    { blackhole: 100_000 },
    { noStatus: 'ends' },
    { noStatus: 'stays' },
    'refused',
  ];
  it.for(cuts)('ends with complete files after %j of the stream', async (fault, { expect }) => {
    for (const verify of ['sha256', UNVERIFIED] as const) {
      const { spool, folder } = spoolOf(FILES);
      const link = new FaultySpool(spool, once('copy', fault));
      await fetchFrom(link, folder, { verify, limits: { ...IMPATIENT, giveUpAfter: 30_000 } });
      expectWhole(folder, FILES);
      const overhead = 4 * 64 * 1024;
      expect(sent(spool.commands)).toBeLessThan(TOTAL + overhead + 131_072);
    }
  });

  it('resumes by range after every cut, at the byte where it stopped', async () => {
    const { spool, folder } = spoolOf(FILES);
    const faults: Fault[] = [{ cut: 50_000 }, { cut: 1 }, { blackhole: 70_000 }, { cut: 0 }];
    const link = new FaultySpool(spool, (verb) => (verb === 'copy' ? faults.shift() : undefined));
    const notes: Notice[] = [];
    const limits = { ...IMPATIENT, giveUpAfter: 30_000 };
    await fetchFrom(link, folder, { onNote: (notice) => notes.push(notice), limits });
    expectWhole(folder, FILES);
    expect(notes).toEqual([]);
    const copies = spool.commands.filter(({ verb }) => verb === 'copy');
    const offsets = copies.map(({ words }) => Number(words[0]?.split(':')[1]));
    // A part of the line that announces the data.
    expect(offsets[1]).toBeGreaterThan(0);
    expect(offsets[2]).toBe(offsets[1]);
    const announced = `data 3 ${offsets[2]} ${300_000}\n`.length;
    expect(offsets[3]).toBeGreaterThanOrEqual((offsets[2] ?? 0) + 70_000 - announced);
    expect(offsets[4]).toBe(offsets[3]);
  });

  it('requests a list and checksums again if they were cut off', async () => {
    const { spool, folder } = spoolOf(FILES);
    const list = once('list', { cut: 60 }, { cutWithSuccess: 70 }, { noStatus: 'ends' });
    const sum = once('sum', { cut: 100 }, { cutWithSuccess: 0 }, { blackhole: 30 });
    const link = new FaultySpool(spool, (verb) => list(verb) ?? sum(verb));
    await fetchFrom(link, folder, { limits: { ...IMPATIENT, giveUpAfter: 30_000 } });
    expectWhole(folder, FILES);
    expect(manifestIn(folder).files.every(({ sha256 }) => sha256 !== undefined)).toBe(true);
  });

  it('waits for a server that restarts', async () => {
    const { spool, folder } = spoolOf(FILES);
    const faults: Fault[] = [{ cut: 60_000 }, 'refused', 'refused'];
    const link = new FaultySpool(spool, (verb) => (verb === 'copy' ? faults.shift() : undefined));
    await fetchFrom(link, folder);
    expectWhole(folder, FILES);
  });

  it('gives up if the server does not come back, and resumes when run again', async () => {
    const { spool, folder } = spoolOf(FILES);
    let cut = false;
    const link = new FaultySpool(spool, (verb) => {
      if (verb === 'list') return undefined;
      if (cut) return 'refused';
      cut = true;
      return { cut: 60_000 };
    });
    const failure = fetchFrom(link, folder, { verify: UNVERIFIED, limits: IMPATIENT });
    await expect(failure).rejects.toMatchObject({
      kind: 'unreachable',
      message: expect.stringContaining('3 s'),
    });
    expect(manifestIn(folder).files.map(({ state }) => state)).toEqual([
      'whole',
      'whole',
      'copying',
      'copying',
    ]);
    await fetchFrom(spool, folder);
    expectWhole(folder, FILES);
  });

  it('reports at once that a server cannot be reached', async () => {
    const { spool, folder } = spoolOf(FILES);
    let attempts = 0;
    const refusing = new FaultySpool(spool, () => {
      attempts += 1;
      return 'refused';
    });
    await expect(fetchFrom(refusing, folder)).rejects.toMatchObject({ kind: 'unreachable' });
    expect(attempts).toBe(1);
    expect(namesIn(folder)).toEqual([]);
  });
});

describe.concurrent('a fetch of unexpected data', () => {
  it('fetches a file with a wrong checksum once more', async () => {
    const { spool, folder } = spoolOf(FILES);
    const notes: Notice[] = [];
    const link = new FaultySpool(spool, once('copy', { flip: 90_000 }));
    await fetchFrom(link, folder, { onNote: (notice) => notes.push(notice) });
    expectWhole(folder, FILES);
    expect(notes).toEqual([{ kind: 'copied-again', text: expect.stringContaining('file 3 ') }]);
  });

  it('does not keep a file that is wrong twice, but keeps all others', async () => {
    const { spool, folder } = spoolOf(FILES);
    const link = new FaultySpool(spool, once('copy', { flip: 90_000 }, { flip: 500 }));
    await expect(fetchFrom(link, folder)).rejects.toMatchObject({
      kind: 'damaged',
      message: expect.stringContaining('file 3 '),
    });
    expect(namesIn(folder).map((name) => name.slice(0, 8))).toEqual([
      'web-0001',
      'web-0002',
      'web-0004',
    ]);
    expect(manifestIn(folder).files[2]).toMatchObject({ seq: 3, state: 'copying', size: 0 });
    await fetchFrom(spool, folder);
    expectWhole(folder, FILES);
  });

  it('refuses data that it did not request, and keeps none of it', async () => {
    const { spool, folder } = spoolOf([recorded(1, 5000)]);
    const link = new FaultySpool(spool, once('copy', { flip: 3 }));
    await expect(fetchFrom(link, folder)).rejects.toThrow(UnexpectedStream);
    expect(namesIn(folder)).toEqual([]);
  });

  it('reports a file that the ring removes during the copy, keeps its packets, and fetches the others', async () => {
    const { spool, folder } = spoolOf(FILES);
    const notes: Notice[] = [];
    let isRemoved = false;
    const link = new FaultySpool(spool, (verb) => {
      if (verb !== 'copy' || isRemoved) return undefined;
      spool.remove(1);
      isRemoved = true;
      return undefined;
    });
    const manifest = await fetchFrom(link, folder, { onNote: (notice) => notes.push(notice) });
    expect(manifest.files[0]).toMatchObject({
      seq: 1,
      state: 'lost',
      size: 0,
      recorded: FILES[0]?.length,
    });
    expect(manifest.files.slice(1).map(({ state }) => state)).toEqual(['whole', 'whole', 'whole']);
    expect(notes[0]).toEqual({ kind: 'gap', text: expect.stringContaining('file 1 ') });

    const second = spoolOf(FILES);
    const once150 = once('copy', { cut: 150_000 });
    const cut = new FaultySpool(second.spool, (verb) => {
      const fault = once150(verb);
      if (verb === 'copy' && !fault) second.spool.remove(3);
      return fault;
    });
    const { files } = await fetchFrom(cut, second.folder, { verify: UNVERIFIED }).catch(() =>
      manifestIn(second.folder),
    );
    expect(files[2]).toMatchObject({ seq: 3, state: 'partial', recorded: FILES[2]?.length });
    const here = readFileSync(join(second.folder, files[2]?.name ?? ''));
    expect(files[2]?.name).toMatch(/^web-0003-.*\.partial\.pcap$/);
    expect(here.length).toBe(files[2]?.size);
    expect(FILES[2]?.subarray(0, here.length).equals(here)).toBe(true);
  });

  it('reports when and why the container ended, keeps what it has, and reports what is lost', async () => {
    const { spool, folder } = spoolOf(FILES);
    const at = new Date('2026-11-24T14:00:00Z');
    const link = new FaultySpool(spool, (verb) => {
      if (verb === 'copy') {
        spool.loss = new SpoolGone('the debugger was killed at 14:00 (137)', at);
        return { cut: 150_000 };
      }
      return verb === 'sum' ? { cut: 60 } : undefined;
    });
    await expect(fetchFrom(link, folder, { verify: UNVERIFIED })).rejects.toThrow(
      /killed at 14:00/,
    );
    const { files, interruptions, recording } = manifestIn(folder);
    expect(files.map(({ state }) => state)).toEqual(['whole', 'whole', 'partial', 'lost']);
    expect(interruptions).toEqual([
      { at: at.toISOString(), kind: 'container-ended', why: expect.stringMatching(/137/) },
    ]);
    expect(recording).toBe(false);
    expect(namesIn(folder).some((name) => name.endsWith('.part'))).toBe(false);
  });

  it('cleans up after a killed fetch when the pod no longer exists', async () => {
    const { spool, folder } = spoolOf(FILES);
    const ended = new AbortController();
    const link = new FaultySpool(spool, once('copy', { blackhole: 150_000 }));
    const stopped = fetchFrom(link, folder, {
      signal: ended.signal,
      limits: {},
      onProgress: ({ bytes }) => bytes > 140_000 && ended.abort(new Error('Ctrl-C')),
    });
    await expect(stopped).rejects.toThrow('Ctrl-C');
    expect(namesIn(folder).at(-1)).toMatch(/^web-0003-.*\.pcap\.part$/);
    spool.loss = new SpoolGone('the pod was deleted');
    const fetching = fetchFrom(new FaultySpool(spool, () => 'refused'), folder);
    await expect(fetching).rejects.toThrow('the pod was deleted');
    expect(manifestIn(folder).files.map(({ state }) => state)).toEqual([
      'whole',
      'whole',
      'partial',
      'lost',
    ]);
    expect(namesIn(folder).at(-1)).toMatch(/^web-0003-.*\.partial\.pcap$/);
  });

  it('retries while the ring turns too fast, and accepts a file that stays shorter', async () => {
    const { spool, folder } = spoolOf(FILES);
    const list = once('list', { exit: 5 }, { exit: 5 });
    const copy = once('copy', { cut: 60_000 }, { exit: 5 });
    const link = new FaultySpool(spool, (verb) => list(verb) ?? copy(verb));
    await fetchFrom(link, folder);
    expectWhole(folder, FILES);

    const second = spoolOf(FILES);
    const cut = once('copy', { cut: 150_000 });
    const shorter = new FaultySpool(second.spool, (verb) => {
      const fault = cut(verb);
      if (verb === 'copy' && !fault) second.spool.write(3, (FILES[2] as Buffer).subarray(0, 9_000));
      return fault;
    });
    const { files } = await fetchFrom(shorter, second.folder, { verify: UNVERIFIED });
    expect(files.map(({ state }) => state)).toEqual(['whole', 'whole', 'partial', 'whole']);
  });

  it('retries after the pod has killed a program, as when its container ends', async () => {
    const { spool, folder } = spoolOf(FILES);
    const list = once('list', { exit: 137 }, { exit: 143 });
    await fetchFrom(new FaultySpool(spool, list), folder);
    expectWhole(folder, FILES);
  });

  it('reports that the spool no longer exists', async () => {
    const { spool, folder } = spoolOf(FILES);
    const away = new FaultySpool(spool, () => ({ exit: 3 }));
    await expect(fetchFrom(away, folder)).rejects.toThrow(SpoolGone);
  });

  it('ends at once when it is aborted', async () => {
    const { spool, folder } = spoolOf(FILES);
    const ended = new AbortController();
    ended.abort(new Problem('interrupted', { kind: 'interrupted' }));
    await expect(fetchFrom(spool, folder, { signal: ended.signal })).rejects.toThrow('interrupted');
  });
});
