import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { type PacketFilter, podFilterProblem } from '../../../../src/capture/fetch/podFilter.ts';
import { FETCH_LIMITS, SpoolAccess } from '../../../../src/capture/fetch/spoolAccess.ts';
import type { SpoolSource } from '../../../../src/capture/fetch/spoolSource.ts';
import { spoolStream } from '../../../../src/capture/fetch/spoolStream.ts';
import type { Pod } from '../../../../src/kube/pod.ts';
import type { Notice } from '../../../../src/notice.ts';
import { samplePcap } from '../../pcap/samplePcap.ts';
import { type Fault, FaultySpool } from './faultySpool.ts';
import { recorded, START, spoolOf } from './fetching.ts';

/** What was read from a spool, as one pcap file, and the notes. */
async function readAll(source: SpoolSource, filter?: PacketFilter) {
  const limits = { ...FETCH_LIMITS, firstPause: 20, status: 500 };
  const access = new SpoolAccess(source, limits, new AbortController().signal);
  const { files } = await access.list();
  const notes: Notice[] = [];
  const chunks: Buffer[] = [];
  const stream = spoolStream(access, files, {
    ...(filter && { filter: { ...filter, changesUser: false } }),
    onNote: (notice) => notes.push(notice),
  });
  for await (const chunk of stream) chunks.push(Buffer.from(chunk));
  return { bytes: Buffer.concat(chunks), notes };
}

/** The files of a recording as one file. */
function joined(files: readonly Buffer[]): Buffer {
  return Buffer.concat(files.map((file, index) => (index === 0 ? file : file.subarray(24))));
}

/** A file with a packet of 100 bytes, one of 200 and one of 300. */
const threeSizes = (seq: number) => samplePcap([100, 200, 300], { start: START + seq });
const only = (seq: number) => samplePcap([200], { start: START + seq + 1 });

describe.concurrent('a spool as one stream of packets', () => {
  const FILES = [recorded(1, 40_000), recorded(2, 300_000), recorded(3, 1000)];

  it('contains all its files, without the torn end of one', async () => {
    const torn = recorded(4, 9000);
    const { spool } = spoolOf([...FILES, torn.subarray(0, torn.length - 7)]);
    const { bytes, notes } = await readAll(spool);
    const last = samplePcap([]).length + 16;
    expect(bytes.subarray(0, joined(FILES).length).equals(joined(FILES))).toBe(true);
    expect(bytes.length).toBeGreaterThan(joined(FILES).length + last);
    expect(notes).toEqual([]);
  });

  it.for([{ cut: 100_000 }, { cutWithSuccess: 200_000 }, { noStatus: 'ends' }] as const)(
    'is the same after %j',
    async (fault, { expect }) => {
      const { spool } = spoolOf(FILES);
      const faults: Fault[] = [fault];
      const link = new FaultySpool(spool, (verb, [part]) =>
        verb === 'copy' && part?.startsWith('part=2:') ? faults.shift() : undefined,
      );
      expect((await readAll(link)).bytes.equals(joined(FILES))).toBe(true);
      expect(faults).toEqual([]);
    },
  );

  it('reports what the ring removed while it was read', async () => {
    const { spool } = spoolOf(FILES);
    const link = new FaultySpool(spool, (verb) => {
      if (verb === 'copy') spool.remove(1);
      return undefined;
    });
    const { bytes, notes } = await readAll(link);
    expect(bytes.equals(joined(FILES.slice(1)))).toBe(true);
    expect(notes).toEqual([{ kind: 'gap', text: expect.stringContaining('file 1 ') }]);
  });

  it('is refused if the files have different link types', async () => {
    const other = Buffer.from(FILES[1] as Buffer);
    other.writeUInt32LE(276, 20);
    const { spool } = spoolOf([FILES[0] as Buffer, other]);
    await expect(readAll(spool)).rejects.toMatchObject({
      kind: 'unsuitable',
      message: expect.stringContaining('file 2 '),
    });
  });
});

const FILTERS: readonly (readonly [string, PacketFilter])[] = [
  ['tshark', { language: 'display', text: 'frame.len == 200' }],
  ['tcpdump', { language: 'capture', text: 'greater 150 and less 250' }],
];

for (const [program, filter] of FILTERS)
  describe
    .skipIf(spawnSync(program, ['--version']).error !== undefined)
    .concurrent(`a spool filtered in the pod by ${program}`, () => {
      it('contains only the matching packets of all its files', async () => {
        const { spool } = spoolOf([1, 2, 3].map(threeSizes));
        const { bytes } = await readAll(spool, filter);
        expect(withoutHeader(bytes)).toEqual(withoutHeader(joined([1, 2, 3].map(only))));
        expect(spool.commands.map(({ verb }) => verb)).toEqual([
          'list',
          'filter',
          'filter',
          'filter',
        ]);
      });

      it('resumes after a cut without duplicate or missing packets', async () => {
        const { spool } = spoolOf([1, 2].map(threeSizes));
        const faults: Fault[] = [{ cut: 40 }, { cutWithSuccess: 60 }, { noStatus: 'ends' }];
        const link = new FaultySpool(spool, (verb) =>
          verb === 'filter' ? faults.shift() : undefined,
        );
        const { bytes } = await readAll(link, filter);
        expect(withoutHeader(bytes)).toEqual(withoutHeader(joined([1, 2].map(only))));
        expect(faults).toEqual([]);
      });

      it('accepts a file that ends within a packet', async () => {
        const torn = samplePcap([200, 300], { start: START + 2 });
        const { spool } = spoolOf([threeSizes(1), torn.subarray(0, torn.length - 5)]);
        const { bytes } = await readAll(spool, filter);
        expect(withoutHeader(bytes)).toEqual(
          withoutHeader(joined([only(1), samplePcap([200], { start: START + 2 })])),
        );
      });

      it("passes on the program's message about a wrong filter", async () => {
        const { spool } = spoolOf([threeSizes(1)]);
        const wrong = readAll(spool, { ...filter, text: 'nonsense ==' });
        await expect(wrong).rejects.toMatchObject({
          kind: 'usage',
          exitCode: 2,
          message: expect.stringContaining('nonsense'),
        });
      });
    });

/** Lengths and seconds of the packets; programs write other snap lengths into the header. */
function withoutHeader(file: Buffer): number[][] {
  const packets: number[][] = [];
  for (let at = 24; at < file.length; at += 16 + file.readUInt32LE(at + 8))
    packets.push([file.readUInt32LE(at), file.readUInt32LE(at + 8)]);
  return packets;
}

describe('the place where a filter is evaluated', () => {
  const [, display] = FILTERS[0] as (typeof FILTERS)[number];
  const [, capture] = FILTERS[1] as (typeof FILTERS)[number];
  const pod = (limits: Record<string, string> = {}) =>
    ({ spec: { containers: [{ name: 'app', resources: { limits } }] } }) as unknown as Pod;
  const all = new Set(['tshark', 'tcpdump', 'gzip']);

  it('is the pod if the image and the limits allow it', () => {
    expect(podFilterProblem(display, all, pod())).toBeUndefined();
    expect(podFilterProblem(capture, new Set(['tcpdump', 'gzip']), pod())).toBeUndefined();
    expect(podFilterProblem(display, new Set(['tcpdump', 'gzip']), pod())).toMatch(/\btshark\b/);
    expect(podFilterProblem(capture, new Set(['tcpdump']), pod())).toMatch(/\bgzip\b/);
    expect(podFilterProblem(capture, all, pod({ cpu: '200m' }))).toMatch(/\bCPU\b/);
    expect(podFilterProblem(display, all, pod({ memory: '64Mi' }))).toMatch(/\bmemory\b/);
    expect(podFilterProblem(capture, all, pod({ memory: '64Mi' }))).toBeUndefined();
  });
});
