import { readFileSync } from 'node:fs';
import { machine } from 'node:os';
import { describe, expect, it } from 'vitest';
import { PcapngCursor } from '../../../src/pcap/pcapngCursor.ts';
import { PcapngMerger } from '../../../src/pcap/pcapngMerger.ts';
import { Chance, LINK_TYPES, type MadeCapture, makeCapture, pcapOf } from './madeCaptures.ts';
import { MemoryOutput, podAt, SECTION } from './mergeInto.ts';
import { blocksOf, FilesForTest, fieldsOf, recordWithDumpcap, wireshark } from './wireshark.ts';

const START = 1_780_000_000;

/** A capture of `count` packets, one a second from `first` on. */
function secondly(first: number, count: number, more: Partial<MadeCapture> = {}): MadeCapture {
  const packets = Array.from({ length: count }, (_, index) => ({
    at: { seconds: START + first + index, nanoseconds: 0 },
    originalLength: 60,
    data: Buffer.alloc(60, index),
  }));
  return {
    nanoseconds: false,
    littleEndian: true,
    linkType: LINK_TYPES.ethernet,
    snapLength: 262144,
    packets,
    ...more,
  };
}

/** A pod with all details, one with few, and one that joins later and has no packets. */
async function fileOfThree(): Promise<Buffer> {
  const output = new MemoryOutput();
  const merger = new PcapngMerger(output, {
    section: SECTION,
    maxDelay: Infinity,
  });
  const full = merger.addSource(
    podAt('web-0', {
      image: 'nginx:1.29',
      filter: 'tcp port 80',
      os: 'Linux 6.12, Debian 13',
      clockOffset: { ahead: -3.25, uncertainty: 0.5 },
    }),
  );
  const node = merger.addSource({ device: 'any', node: 'node-2' });
  await full.write(pcapOf(secondly(0, 5)));
  await node.write(pcapOf(secondly(1, 3, { linkType: LINK_TYPES.linuxSll2, nanoseconds: true })));
  const joined = merger.addSource(podAt('web-1'));
  await joined.write(pcapOf(secondly(0, 0, { linkType: LINK_TYPES.raw })));
  full.end({
    statistics: {
      start: START * 1000,
      end: START * 1000 + 4500,
      receivedByFilter: 12,
      droppedByKernel: 4,
      droppedByInterface: 3,
    },
    comments: ['the pod was deleted'],
  });
  await merger.finish();
  return output.bytes;
}

describe('a merged file', () => {
  it('is read by capinfos and tshark without errors, with the details of each pod', async () => {
    using files = new FilesForTest();
    const path = files.write('three.pcapng', await fileOfThree());
    const about = wireshark('capinfos', '-I', '-F', '-k', path);
    expect(about).toMatch(/Capture application: kubectl-netdebug \d+\.\d+\.\d+\n/);
    expect(about).toContain(`Capture hardware:    ${machine()}\n`);
    expect(about).toContain('Capture oper-sys:    Linux ');
    expect(about).toContain('Capture comment:     capture of deploy/web');
    const [, web0, node2, web1] = about.split(/Interface #\d+ info:/);
    for (const part of [
      'Name = shop/web-0/eth0',
      'Description = eth0 of pod shop/web-0 on node node-1',
      'Encapsulation = Ethernet',
      'Capture length = 262144',
      'Time precision = microseconds (6)',
      'Filter string = tcp port 80',
      'Operating system = Linux 6.12, Debian 13',
      'Comment = pod: web-0\nnamespace: shop\nnode: node-1\nimage: nginx:1.29\nclock offset: 3.3 ms behind',
      'Number of stat entries = 1',
      'Number of packets = 5',
    ])
      expect(web0).toContain(part);
    expect(node2).toContain('Name = node-2/any');
    expect(node2).toContain('Description = any of node node-2');
    expect(node2).toContain('Encapsulation = Linux cooked-mode capture v2');
    expect(node2).toContain('Time precision = nanoseconds (9)');
    expect(node2).toContain('Comment = node: node-2\n');
    expect(web1).toContain('Encapsulation = Raw IP');
    expect(web1).toContain('Number of packets = 0');

    const fields = ['frame.interface_name', 'frame.interface_description'];
    expect([...new Set(fieldsOf(path, ...fields))]).toEqual([
      'shop/web-0/eth0\teth0 of pod shop/web-0 on node node-1',
      'node-2/any\tany of node node-2',
    ]);
  });

  it('ends with the statistics of each pod’s packets', async () => {
    using files = new FilesForTest();
    const blocks = blocksOf(files.write('three.pcapng', await fileOfThree()));
    const statistics = blocks
      .split('Block: Interface Statistics Block')
      .slice(1)
      .map((text) => text.split('Block Length (trailer)')[0] ?? '');
    expect(statistics).toHaveLength(3);
    const of = (id: number) => statistics.find((text) => text.includes(`Interface: ${id}\n`));
    const web0 = of(0);
    for (const part of [
      'May 28, 2026 20:26:44.500000000 UTC',
      'Comment: the pod was deleted',
      'Number of Received Packets: 12',
      // As in dumpcap's files, because Wireshark shows only this value.
      'Number of Dropped Packets: 7',
      'Number of Accepted by Filter Packets: 12',
      'Number of Dropped Packets by OS: 4',
      'Number of Delivered to the User Packets: 5',
    ])
      expect(web0).toContain(part);
    const node2 = of(1);
    expect(node2).toContain('Number of Delivered to the User Packets: 3');
    expect(node2).not.toContain('Dropped');
    expect(blocks).not.toMatch(/malformed|expert/i);
  });

  it('is passed on completely by dumpcap, with which Wireshark reads from a pipe', async () => {
    using files = new FilesForTest();
    const file = await fileOfThree();
    const passedOn = files.path('passed.pcapng');
    recordWithDumpcap(file, passedOn);
    const fields = ['frame.time_epoch', 'frame.interface_name', 'frame.md5_hash'];
    const original = files.write('three.pcapng', file);
    expect(fieldsOf(passedOn, ...fields)).toEqual(fieldsOf(original, ...fields));
  });

  it('records gaps in the packet after them, or at the end', async () => {
    const output = new MemoryOutput();
    const merger = new PcapngMerger(output, { section: SECTION, maxDelay: Infinity });
    const source = merger.addSource(podAt('web-0'));
    const first = pcapOf(secondly(0, 2));
    await source.write(first.subarray(0, -10));
    source.nextFile();
    source.gap('the spool overran', 41);
    await source.write(pcapOf(secondly(7, 2)));
    source.gap('the connection was lost for 5 s');
    await merger.finish();

    using files = new FilesForTest();
    const path = files.write('gaps.pcapng', output.bytes);
    const comment = 'cut off inside a packet: 66 bytes were dropped\\nthe spool overran';
    expect(
      fieldsOf(path, 'frame.time_epoch', 'frame.drop_count', 'frame.comment').map((line) =>
        line.replace('.000000000', '').replaceAll('\n', '\\n'),
      ),
    ).toEqual([`${START}\t\t`, `${START + 7}\t41\t${comment}`, `${START + 8}\t\t`]);
    expect(blocksOf(path)).toMatch(
      /Statistics Block[\s\S]*Comment: the connection was lost for 5 s/,
    );

    const cursor = new PcapngCursor();
    cursor.push(output.bytes);
    const comments: string[][] = [];
    while (cursor.next()) comments.push(cursor.comments);
    expect(comments).toEqual([[], [comment.replace('\\n', '\n')], []]);
  });

  it('describes an interface once for all files of a ring, and again after a change', async () => {
    const output = new MemoryOutput();
    const merger = new PcapngMerger(output, { section: SECTION });
    const source = merger.addSource(podAt('web-0'));
    for (const at of [0, 10, 20]) {
      await source.write(pcapOf(secondly(at, 1)));
      source.nextFile();
    }
    await source.write(pcapOf(secondly(30, 1, { snapLength: 96 })));
    await merger.finish();
    using files = new FilesForTest();
    const path = files.write('ring.pcapng', output.bytes);
    expect(fieldsOf(path, 'frame.interface_id')).toEqual(['0', '0', '0', '1']);
  });

  it("accepts dumpcap's recordings, with interfaces named as in them", async () => {
    using files = new FilesForTest();
    const capture = makeCapture(new Chance(3), { packets: 9, slot: 0, slots: 1 });
    const recorded = files.path('recorded.pcapng');
    recordWithDumpcap(pcapOf(capture), recorded);
    const output = new MemoryOutput();
    const merger = new PcapngMerger(output, { section: SECTION });
    await merger.addSource(podAt('web-0')).write(readFileSync(recorded));
    await merger.finish();
    const merged = files.write('merged.pcapng', output.bytes);
    const fields = ['frame.time_epoch', 'frame.len', 'frame.md5_hash', 'frame.encap_type'];
    expect(fieldsOf(merged, ...fields)).toEqual(fieldsOf(recorded, ...fields));
    expect(fieldsOf(merged, 'frame.interface_name')[0]).toBe('shop/web-0/-');
  });
});
