import { describe, expect, it } from 'vitest';
import { Chance, makeCapture, pcapOf } from './madeCaptures.ts';
import { mergeFiles } from './mergeInto.ts';
import { FilesForTest, fieldsOf, wireshark } from './wireshark.ts';

const FIELDS = [
  'frame.time_epoch',
  'frame.len',
  'frame.cap_len',
  'frame.md5_hash',
  'frame.encap_type',
];

/** Replaces the last field, which identifies the file in some form, with the file's number. */
function withFile(
  lines: readonly string[],
  fileOf: (field: string) => string | undefined,
): string[] {
  return lines.map((line) => line.replace(/[^\t]*$/, (field) => fileOf(field) ?? '?'));
}

/** Merges captures with netdebug and mergecap, and compares what tshark reads in the two files. */
async function expectAsMergecap(captures: readonly Buffer[], chance: Chance): Promise<void> {
  using files = new FilesForTest();
  const inputs = captures.map((bytes, index) => files.write(`${index}.pcap`, bytes));
  const theirs = files.path('theirs.pcapng');
  wireshark('mergecap', '-w', theirs, ...inputs);
  const { file, merger } = await mergeFiles(captures, chance);
  const ours = files.write('ours.pcapng', file);

  const rows = withFile(
    fieldsOf(ours, ...FIELDS, 'frame.interface_name'),
    (name) => /web-(\d+)/.exec(name)?.[1],
  );
  expect(rows).toEqual(withFile(fieldsOf(theirs, ...FIELDS, 'frame.interface_id'), (id) => id));
  expect(merger.packets).toBe(rows.length);
  const format = (path: string) => {
    const table = wireshark('capinfos', '-TmQ', '-M', '-c', '-a', '-e', '-o', '-z', path);
    return table.split('\n')[1]?.split(',').slice(1);
  };
  expect(format(ours)).toEqual(format(theirs));
  expect(format(ours)?.join()).toContain(merger.latePackets === 0 ? 'True' : 'False');
}

describe('the order of a merge', () => {
  it.each(Array.from({ length: 9 }, (_, seed) => seed))(
    'is the same as mergecap’s (seed %i)',
    async (seed) => {
      const chance = new Chance(seed);
      const slots = chance.between(1, 9);
      const captures = Array.from({ length: slots }, (_, slot) =>
        makeCapture(chance, {
          packets: chance.oneOf([0, 1, 30, 300]),
          slot,
          slots,
          disordered: seed % 3 === 2,
        }),
      );
      await expectAsMergecap(captures.map(pcapOf), chance);
    },
  );

  it('is the same as mergecap’s for 200 sources', async () => {
    const chance = new Chance(200);
    const slots = 200;
    const captures = Array.from({ length: slots }, (_, slot) =>
      makeCapture(chance, { packets: 20, slot, slots }),
    );
    await expectAsMergecap(captures.map(pcapOf), chance);
  });

  it('keeps packets of the same time in the order of their sources', async () => {
    const chance = new Chance(1);
    const capture = makeCapture(chance, { packets: 50, slot: 0, slots: 1 });
    const files = [capture, capture, capture].map(pcapOf);
    const { file, merger } = await mergeFiles(files, chance);
    using folder = new FilesForTest();
    const path = folder.write('same.pcapng', file);
    const names = fieldsOf(path, 'frame.interface_name');
    expect(names.slice(0, 3)).toEqual(['shop/web-0/eth0', 'shop/web-1/eth0', 'shop/web-2/eth0']);
    expect(merger.latePackets).toBe(0);
  });
});
