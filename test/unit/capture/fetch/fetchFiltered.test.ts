import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  type FilteredFetchOptions,
  fetchFiltered,
} from '../../../../src/capture/fetch/fetchFiltered.ts';
import type { SpoolSource } from '../../../../src/capture/fetch/spoolSource.ts';
import { filterPcap } from '../../../../src/reading/select/filterPcap.ts';
import { samplePcap } from '../../pcap/samplePcap.ts';
import { type Fault, FaultySpool } from './faultySpool.ts';
import { fetchFrom, manifestIn, namesIn, START, spoolOf } from './fetching.ts';
import { ORIGIN } from './localSpool.ts';

const FILTER = { language: 'display', text: 'frame.len == 200', changesUser: false } as const;
const EXPRESSION = { language: 'capture', text: 'greater 150 and less 250' } as const;
const hasTshark = spawnSync('tshark', ['--version']).status === 0;

const fetchMatching = (
  source: SpoolSource,
  folder: string,
  more: Partial<FilteredFetchOptions> = {},
) =>
  fetchFiltered(source, {
    folder,
    origin: ORIGIN,
    filter: FILTER,
    podFilterProblem: () => undefined,
    localFilter: async () => Promise.reject(new Error('not needed')),
    signal: new AbortController().signal,
    limits: { firstPause: 20, status: 500 },
    ...more,
  });

/** Evaluates the filter on the client: with this tshark, or without one. */
const here = (tshark: string | undefined): Partial<FilteredFetchOptions> => ({
  podFilterProblem: () => 'the image has no tshark',
  localFilter: async () => ({
    by: tshark ?? 'netdebug',
    filter: (file, { text }) => filterPcap(file, text, tshark),
  }),
});

/** A file with a packet of 100 bytes, one of 200 and one of 300. */
const threeSizes = (seq: number) => samplePcap([100, 200, 300], { start: START + seq });
const FILES = [threeSizes(1), samplePcap([100, 300], { start: START + 2 }), threeSizes(3)];

const WAYS = [
  ['tshark in the pod', {}, hasTshark],
  [
    'tcpdump in the pod',
    { filter: { ...EXPRESSION, changesUser: false } },
    spawnSync('tcpdump', ['--version']).error === undefined,
  ],
  ['tshark here', here('tshark'), hasTshark],
  ['netdebug here', here(undefined), true],
] as const;

for (const [title, options, isThere] of WAYS)
  describe.skipIf(!isThere).concurrent(`a fetch filtered by ${title}`, () => {
    it('writes the matching packets, and notes in the manifest that the files are filtered', async () => {
      const { spool, folder } = spoolOf(FILES);
      const manifest = await fetchMatching(spool, folder, options);
      expect(namesIn(folder)).toEqual([
        'web-0001-20261124T130502Z.pcap',
        'web-0003-20261124T130504Z.pcap',
      ]);
      for (const name of namesIn(folder)) {
        const file = readFileSync(join(folder, name));
        expect(file.readUInt32LE(24 + 12)).toBe(200);
        expect(file.length).toBe(24 + 16 + 200);
      }
      expect(manifest).toEqual(manifestIn(folder));
      expect(manifest.filtered).toMatchObject({ wholeCapture: false, by: expect.any(String) });
      expect(
        manifest.files.map(({ state, packets, recorded }) => [state, packets, recorded]),
      ).toEqual(FILES.map(({ length }, index) => ['whole', index === 1 ? 0 : 1, length]));
    });

    it('writes the same after cuts, and does not request again what it already has', async () => {
      const { spool, folder } = spoolOf(FILES);
      const faults: Fault[] = [{ cut: 60 }, { cutWithSuccess: 70 }, { cut: 0 }];
      const link = new FaultySpool(spool, (verb) =>
        verb === 'filter' || verb === 'copy' ? faults.shift() : undefined,
      );
      const { files } = await fetchMatching(link, folder, options);
      expect(faults).toEqual([]);
      expect(files.map(({ packets }) => packets)).toEqual([1, 0, 1]);
      spool.commands.length = 0;
      spool.write(4, threeSizes(4));
      await fetchMatching(spool, folder, options);
      expect(spool.commands.map(({ verb }) => verb).filter((verb) => verb !== 'list')).toHaveLength(
        1,
      );
      expect(namesIn(folder)).toHaveLength(3);
    });
  });

describe.concurrent('a filtered fetch', () => {
  it('is not mixed with another filter or with the whole capture in one folder', async () => {
    const { spool, folder } = spoolOf(FILES);
    await fetchMatching(spool, folder, here(undefined));
    const other = { ...here(undefined), filter: { ...FILTER, text: 'frame.len == 300' } };
    await expect(fetchMatching(spool, folder, other)).rejects.toMatchObject({ kind: 'exists' });
    await expect(fetchFrom(spool, folder)).rejects.toMatchObject({ kind: 'exists' });
    await fetchMatching(spool, folder, { ...other, force: true });
    expect(manifestIn(folder).files.map(({ packets }) => packets)).toEqual([1, 1, 1]);
  });

  it('never accepts damaged data as matching packets', async () => {
    if (!hasTshark) return;
    const { spool, folder } = spoolOf(FILES);
    const faults: Fault[] = [{ flip: 40 }];
    const link = new FaultySpool(spool, (verb) => (verb === 'filter' ? faults.shift() : undefined));
    await fetchMatching(link, folder);
    expect(faults).toEqual([]);
    expect(manifestIn(folder).files.map(({ packets }) => packets)).toEqual([1, 0, 1]);
  });

  it('reports what the ring removed during the fetch', async () => {
    const { spool, folder } = spoolOf(FILES);
    const link = new FaultySpool(spool, (verb) => {
      if (verb === 'copy') spool.remove(1);
      return undefined;
    });
    const { files } = await fetchMatching(link, folder, here(undefined));
    expect(files.map(({ state }) => state)).toEqual(['lost', 'whole', 'whole']);
  });
});
