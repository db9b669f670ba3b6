import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { linkSync, mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { samplePcap } from '../../pcap/samplePcap.ts';
import {
  expectWhole,
  fetchFrom,
  manifestIn,
  namesIn,
  recorded,
  START,
  spoolOf,
} from './fetching.ts';
import { ORIGIN } from './localSpool.ts';

const mode = (path: string) => statSync(path).mode & 0o777;
const sha256Of = (file: Buffer) => createHash('sha256').update(file).digest('hex');

describe.concurrent('a fetch', () => {
  it('fetches every closed file, verified, named by its first packet, readable by its owner only', async () => {
    const files = [1, 2, 3].map((seq) => recorded(seq, 5000));
    const { spool, folder } = spoolOf(files);
    const manifest = await fetchFrom(spool, folder);
    expectWhole(folder, files);
    expect(namesIn(folder)).toEqual([
      'web-0001-20261124T130501Z.pcap',
      'web-0002-20261124T130502Z.pcap',
      'web-0003-20261124T130503Z.pcap',
    ]);
    expect(mode(folder)).toBe(0o700);
    for (const name of [...namesIn(folder), 'capture.json'])
      expect(mode(join(folder, name))).toBe(0o600);
    expect(manifest).toEqual(manifestIn(folder));
    expect(manifest.files[1]).toEqual({
      seq: 2,
      name: 'web-0002-20261124T130502Z.pcap',
      state: 'whole',
      size: files[1]?.length,
      verified: 'sha256',
      sha256: sha256Of(files[1] as Buffer),
      packets: 5,
      first: '2026-11-24T13:05:02.123456Z',
      last: '2026-11-24T13:05:06.123460Z',
    });
  });

  it('records in the manifest what the recorder reported and what the ring removed', async () => {
    const { spool, folder } = spoolOf([]);
    spool.write(4, recorded(4));
    spool.write(5, recorded(5));
    spool.state({
      engine: 'dumpcap',
      device: 'eth0',
      argv: 'dumpcap -i eth0 -w x',
      phase: 'ended',
      ended: String(START + 60),
      why: 'duration',
      exit: '0',
      captured: '12',
      received: '15',
      dropped: '3',
    });
    expect(await fetchFrom(spool, folder)).toMatchObject({
      ...ORIGIN,
      engine: 'dumpcap',
      device: 'eth0',
      argv: 'dumpcap -i eth0 -w x',
      started: '2026-11-24T13:05:00.000Z',
      recording: false,
      ended: '2026-11-24T13:06:00.000Z',
      why: 'duration',
      exit: 0,
      captured: 12,
      received: 15,
      dropped: 3,
      gaps: [{ first: 1, last: 3 }],
    });
  });

  it.each([1, 2, 3])('fetches many files over %i streams, each file once', async (streams) => {
    const files = Array.from({ length: 25 }, (_, index) => recorded(index + 1, 20_000));
    const { spool, folder } = spoolOf(files);
    await fetchFrom(spool, folder, { streams });
    expectWhole(folder, files);
    const copies = spool.commands.filter(({ verb }) => verb === 'copy');
    expect(copies.flatMap(({ words }) => words)).toHaveLength(25);
    expect(copies.length).toBeGreaterThanOrEqual(streams);
  });

  it('records in the manifest that the container was terminated, and when', async () => {
    const { spool, folder } = spoolOf([]);
    spool.write(1, recorded(1));
    const end = { phase: 'ended', ended: String(START + 60), why: 'ended', exit: '0' };
    spool.state({ engine: 'dumpcap', ...end });
    const { interruptions } = await fetchFrom(spool, folder);
    expect(interruptions).toEqual([
      {
        at: new Date((START + 60) * 1000).toISOString(),
        kind: 'container-ended',
        why: expect.any(String),
      },
    ]);
  });

  it('fetches files without packets, empty files, and sparse files', async () => {
    const empty = Buffer.alloc(0);
    const header = samplePcap([]);
    const sparse = samplePcap([0, 200_000, 1]);
    const { spool, folder } = spoolOf([empty, header, sparse]);
    const { files } = await fetchFrom(spool, folder);
    expectWhole(folder, [empty, header, sparse]);
    expect(files.map(({ packets }) => packets)).toEqual([0, 0, 3]);
  });

  it('requests nothing twice when run again, and adds new files', async () => {
    const files = [1, 2].map((seq) => recorded(seq, 5000));
    const { spool, folder } = spoolOf(files);
    await fetchFrom(spool, folder);
    spool.commands.length = 0;
    await fetchFrom(spool, folder);
    expect(spool.commands.map(({ verb }) => verb)).toEqual(['list']);
    files.push(recorded(3, 5000));
    spool.write(3, files[2] as Buffer);
    spool.remove(1);
    await fetchFrom(spool, folder);
    expectWhole(folder, files);
    expect(spool.commands.filter(({ verb }) => verb === 'copy').map(({ words }) => words)).toEqual([
      [`part=3:0:${files[2]?.length}`],
    ]);
  });

  it('skips the file that is being recorded; with flush it fetches the whole packets of that file', async () => {
    const all = recorded(2, 50_000);
    const { spool, folder } = spoolOf([recorded(1)]);
    const soFar = all.subarray(0, 20_500);
    spool.write(2, soFar, true);
    await fetchFrom(spool, folder);
    expect(namesIn(folder)).toHaveLength(1);
    expect(manifestIn(folder).gaps).toEqual([]);

    const { files } = await fetchFrom(spool, folder, { flush: true, limits: {} });
    const partial = join(folder, 'web-0002-20261124T130502Z.partial.pcap');
    const here = readFileSync(partial);
    expect(here.equals(all.subarray(0, here.length))).toBe(true);
    expect(files[1]).toMatchObject({ seq: 2, state: 'partial', size: here.length, packets: 20 });
    expect(soFar.length - here.length).toBeLessThan(1100);

    // Run again: there is nothing new.
    await fetchFrom(spool, folder, { flush: true, limits: {} });
    expect(readFileSync(partial).equals(here)).toBe(true);

    spool.commands.length = 0;
    spool.write(2, all);
    await fetchFrom(spool, folder);
    expectWhole(folder, [recorded(1), all]);
    const copies = spool.commands.filter(({ verb }) => verb === 'copy');
    expect(copies.map(({ words }) => words)).toEqual([
      [`part=2:${here.length}:${all.length - here.length}`],
    ]);
  });

  it('records for each file how it was verified', async () => {
    const files = [1, 2].map((seq) => recorded(seq, 5000));
    const { spool, folder } = spoolOf(files);
    const manifest = await fetchFrom(spool, folder, { verify: 'size+walk' });
    expectWhole(folder, files);
    expect(manifest.files.map(({ verified, sha256 }) => [verified, sha256])).toEqual(
      files.map((file) => ['size+walk', sha256Of(file)]),
    );
    expect(spool.commands.map(({ verb }) => verb)).toEqual(['list', 'copy']);
    // Later, with checksums: they are computed, and nothing is sent again.
    const { files: proven } = await fetchFrom(spool, folder);
    expect(proven.map(({ verified }) => verified)).toEqual(['sha256', 'sha256']);
    expect(spool.commands.filter(({ verb }) => verb === 'copy')).toHaveLength(1);
  });

  it('keeps the torn end of a file whose recorder was killed, and reports it', async () => {
    const torn = recorded(1, 5000).subarray(0, 4321);
    for (const verify of ['sha256', 'size+walk'] as const) {
      const { spool, folder } = spoolOf([torn]);
      const { files } = await fetchFrom(spool, folder, { verify });
      expectWhole(folder, [torn]);
      expect(files[0]?.note).toEqual(expect.any(String));
    }
  });

  it('never overwrites another file without force', async () => {
    const { spool, folder } = spoolOf([recorded(1, 5000)]);
    mkdirSync(folder);
    const path = join(folder, 'web-0001-20261124T130501Z.pcap');
    writeFileSync(path, 'mine');
    await expect(fetchFrom(spool, folder)).rejects.toMatchObject({ kind: 'exists' });
    expect(readFileSync(path, 'utf8')).toBe('mine');
    await fetchFrom(spool, folder, { force: true });
    expectWhole(folder, [recorded(1, 5000)]);
  });

  it('does not resume a partial file that no earlier fetch left', async () => {
    const file = recorded(1, 50_000);
    const { spool, folder } = spoolOf([file]);
    mkdirSync(folder);
    const part = join(folder, 'web-0001-20261124T130501Z.pcap.part');
    writeFileSync(part, file.subarray(0, 10_000));
    await expect(fetchFrom(spool, folder)).rejects.toMatchObject({ kind: 'exists' });
    await fetchFrom(spool, folder, { force: true });
    expectWhole(folder, [file]);
    const [copy] = spool.commands.filter(({ verb }) => verb === 'copy');
    expect(copy?.words).toEqual([`part=1:0:${file.length}`]);
  });

  it('removes the second name that is left by a fetch killed while it named a file', async () => {
    const { spool, folder } = spoolOf([recorded(1, 5000)]);
    await fetchFrom(spool, folder);
    const path = join(folder, 'web-0001-20261124T130501Z.pcap');
    linkSync(path, `${path}.part`);
    await fetchFrom(spool, folder);
    expectWhole(folder, [recorded(1, 5000)]);
  });

  it('does not follow links out of the folder', async () => {
    const { spool, folder } = spoolOf([recorded(1, 5000)]);
    await fetchFrom(spool, folder);
    const outside = join(folder, '..', 'outside');
    writeFileSync(outside, 'mine');
    spool.write(2, recorded(2, 5000));
    symlinkSync(outside, join(folder, 'web-0002-20261124T130502Z.pcap.part'));
    await expect(fetchFrom(spool, folder)).rejects.toMatchObject({ kind: 'exists' });
    symlinkSync(outside, join(folder, 'capture.json.new'));
    await expect(fetchFrom(spool, folder)).rejects.toMatchObject({ kind: 'exists' });
    expect(readFileSync(outside, 'utf8')).toBe('mine');
  });

  it('refuses a folder that holds another capture, or that another fetch writes to', async () => {
    const { spool, folder } = spoolOf([recorded(1, 5000)]);
    await fetchFrom(spool, folder);
    const other = fetchFrom(spool, folder, { origin: { ...ORIGIN, podUid: 'uid-2' } });
    await expect(other).rejects.toMatchObject({ kind: 'exists' });
    writeFileSync(join(folder, '.netdebug-fetch'), String(process.pid));
    await expect(fetchFrom(spool, folder)).rejects.toMatchObject({ kind: 'exists' });
    // Its process has ended without cleaning up.
    const ended = spawnSync('sh', ['-c', 'echo $$'], { encoding: 'utf8' }).stdout;
    writeFileSync(join(folder, '.netdebug-fetch'), ended);
    await fetchFrom(spool, folder);
    writeFileSync(join(folder, 'capture.json'), '{"mine": 1}');
    await expect(fetchFrom(spool, folder)).rejects.toMatchObject({ kind: 'exists' });
  });

  it('refuses capture names that are not file names', async () => {
    const { spool, folder } = spoolOf([recorded(1)]);
    for (const capture of ['../x', 'a/b', '.hidden', '', 'x\u001b[2J', 'a'.repeat(200)])
      await expect(
        fetchFrom(spool, folder, { origin: { ...ORIGIN, capture } }),
      ).rejects.toMatchObject({ kind: 'usage' });
  });

  it('reports its progress', async () => {
    const files = [1, 2, 3].map((seq) => recorded(seq, 50_000));
    const { spool, folder } = spoolOf(files);
    const reports: { bytes: number; totalBytes: number; seq: number }[] = [];
    await fetchFrom(spool, folder, { onProgress: (now) => reports.push(now) });
    const total = files.reduce((sum, { length }) => sum + length, 0);
    expect(reports.at(-1)).toEqual({ bytes: total, totalBytes: total, seq: 3 });
    expect(reports.every(({ bytes }, index) => bytes >= (reports[index - 1]?.bytes ?? 0))).toBe(
      true,
    );
  });
});
