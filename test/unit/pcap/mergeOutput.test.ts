import { readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { OutputClosed, WriteFailure } from '../../../src/output/output.ts';
import { PcapngCursor } from '../../../src/pcap/pcapngCursor.ts';
import { PcapngMerger } from '../../../src/pcap/pcapngMerger.ts';
import { InvalidPcapError } from '../../../src/pcap/records.ts';
import { Problem } from '../../../src/problem.ts';
import { ethernet, ipv4, tcp } from '../packets/madeFrames.ts';
import { Chance, makeCapture, pcapOf } from './madeCaptures.ts';
import { MemoryOutput, mergeFiles, podAt, SECTION, writeInPieces } from './mergeInto.ts';
import { FilesForTest, fieldsOf, wireshark } from './wireshark.ts';

const FULL_DISK = new Problem('the disk is full', { kind: 'disk-full' });

/** Accepts `room` bytes, then no more. */
class SmallDisk extends MemoryOutput {
  #room: number;

  constructor(room: number) {
    super();
    this.#room = room;
  }

  override async write(chunk: Buffer): Promise<void> {
    const taken = Math.min(chunk.length, this.#room);
    this.#room -= taken;
    await super.write(chunk.subarray(0, taken));
    if (taken < chunk.length) throw new WriteFailure(FULL_DISK, taken);
  }

  async truncateEnd(bytes: number): Promise<void> {
    const kept = this.bytes.subarray(0, this.bytes.length - bytes);
    this.chunks.splice(0, this.chunks.length, Buffer.from(kept));
  }
}

/** Two sources of 300 packets each, written as fast as the merger accepts them. */
function filesOfTwo(): Buffer[] {
  const chance = new Chance(5);
  return [0, 1].map((slot) => pcapOf(makeCapture(chance, { packets: 300, slot, slots: 2 })));
}

const countPackets = (path: string) =>
  Number(wireshark('capinfos', '-Tr', '-c', '-M', path).split('\t')[1]);

describe('the output of a merge', () => {
  it('keeps whole blocks when the disk is full, and reports it to every writer', async () => {
    const files = filesOfTwo();
    const { file: whole } = await mergeFiles(files, new Chance(1));
    for (const room of [50, 5000, 5001, 5002, 5003, 40_000]) {
      const output = new SmallDisk(room);
      const merger = new PcapngMerger(output, { section: SECTION, maxDelay: Infinity });
      const writes = files.map(async (bytes, index) => {
        const source = merger.addSource(podAt(`web-${index}`));
        for (;;) {
          await writeInPieces(source, bytes, new Chance(index));
          source.nextFile();
          await new Promise(setImmediate);
        }
      });
      for (const { reason } of (await Promise.allSettled(writes)) as PromiseRejectedResult[])
        expect(reason).toBe(FULL_DISK);
      await expect(merger.finish()).rejects.toBe(FULL_DISK);
      expect(output.bytes.length).toBeLessThanOrEqual(room);
      expect(output.bytes.length).toBe(merger.bytes);
      expect(whole.length).toBeGreaterThan(room);
      if (output.bytes.length === 0) continue;
      using folder = new FilesForTest();
      countPackets(folder.write('kept.pcapng', output.bytes));
    }
  });

  it('reports that its reader has closed it', async () => {
    const output = new MemoryOutput();
    output.write = async () => {
      throw new OutputClosed('nobody reads');
    };
    const merger = new PcapngMerger(output, { section: SECTION });
    const source = merger.addSource(podAt('web-0'));
    await source.write(filesOfTwo()[0] as Buffer);
    await expect(merger.finish()).rejects.toThrow(OutputClosed);
  });

  it('contains no more packets than requested', async () => {
    let full = 0;
    const { file, merger } = await mergeFiles(filesOfTwo(), new Chance(2), {
      maxPackets: 77,
      onFull: () => full++,
    });
    using folder = new FilesForTest();
    const path = folder.write('few.pcapng', file);
    expect(fieldsOf(path, 'frame.number')).toHaveLength(77);
    expect([merger.packets, full]).toEqual([77, 1]);
  });

  it('contains no more bytes than requested, except for the statistics at the end', async () => {
    let full = 0;
    const { file, merger, sources } = await mergeFiles(filesOfTwo(), new Chance(2), {
      maxBytes: 20_000,
      onFull: () => full++,
    });
    using folder = new FilesForTest();
    expect(countPackets(folder.write('small.pcapng', file))).toBe(merger.packets);
    expect(sources.map(({ packets }) => packets).reduce((a, b) => a + b)).toBe(merger.packets);
    expect(file.length).toBeGreaterThan(18_000);
    expect(file.length).toBeLessThan(20_200);
    expect(full).toBe(1);
  });

  it('is padded with zeros, whatever was written before', async () => {
    const { file } = await mergeFiles(filesOfTwo(), new Chance(3));
    const cursor = new PcapngCursor();
    cursor.push(file);
    let odd = 0;
    while (cursor.next()) {
      const filling = file.subarray(cursor.end, cursor.end + (-(cursor.end - cursor.start) & 3));
      expect(filling).toEqual(Buffer.alloc(filling.length));
      odd += filling.length;
    }
    expect(odd).toBeGreaterThan(100);
  });

  it('releases a waiting write when its source ends', async () => {
    const output = new MemoryOutput();
    const merger = new PcapngMerger(output, { section: SECTION, maxPackets: 1 });
    const source = merger.addSource(podAt('web-0'));
    const [bytes = Buffer.alloc(0)] = filesOfTwo();
    const waiting = source.write(Buffer.concat([bytes, Buffer.alloc(20e6)]));
    source.end();
    await merger.finish();
    await waiting;
    expect(source.packets).toBe(1);
  });

  it('stays readable for any input, and is completed', async () => {
    using folder = new FilesForTest();
    for (let seed = 0; seed < 40; seed++) {
      const chance = new Chance(seed);
      const capture = makeCapture(chance, { packets: 30, slot: 0, slots: 1 });
      const pcap = folder.write('in.pcap', pcapOf(capture));
      wireshark('editcap', '-F', chance.oneOf(['pcap', 'pcapng']), pcap, folder.path('damaged'));
      const damaged = readFileSync(folder.path('damaged'));
      for (let bytes = chance.between(1, 5); bytes > 0; bytes--)
        damaged[chance.between(0, damaged.length - 1)] = chance.between(0, 255);

      const output = new MemoryOutput();
      const merger = new PcapngMerger(output, { section: SECTION, maxDelay: Infinity });
      const good = merger.addSource(podAt('good'));
      const bad = merger.addSource(podAt('bad'));
      await writeInPieces(bad, damaged, chance).catch((error) =>
        expect(error).toBeInstanceOf(InvalidPcapError),
      );
      bad.end();
      await writeInPieces(good, pcapOf(capture), chance);
      await merger.finish();
      expect(good.packets).toBe(30);
      expect(countPackets(folder.write('out.pcapng', output.bytes))).toBe(merger.packets);
    }
  });

  it('gets nothing if no source has packets', async () => {
    const output = new MemoryOutput();
    const merger = new PcapngMerger(output, { section: SECTION });
    merger.addSource(podAt('web-0'));
    await merger.finish();
    expect(output.bytes).toHaveLength(0);
  });

  it('is abandoned on its signal, even while a write waits', async () => {
    const abort = new AbortController();
    const output = new MemoryOutput();
    output.write = () => new Promise(() => {});
    const merger = new PcapngMerger(output, { section: SECTION, signal: abort.signal });
    const source = merger.addSource(podAt('web-0'));
    const [bytes = Buffer.alloc(0)] = filesOfTwo();
    const writing = (async () => {
      for (;;) await source.write(bytes);
    })();
    setTimeout(() => abort.abort(new Error('enough')), 50);
    await expect(writing).rejects.toThrow('enough');
    await expect(merger.finish()).rejects.toThrow('enough');
    await expect(merger.addSource(podAt('late')).write(Buffer.alloc(1))).rejects.toThrow('enough');
  });

  it("contains the names for pods' addresses, which Wireshark shows", async () => {
    const output = new MemoryOutput();
    const merger = new PcapngMerger(output, { section: SECTION, maxDelay: Infinity });
    const data = ethernet(0x0800, ipv4({ from: '10.244.1.7', to: '10.244.2.9' }, tcp({})));
    const file = pcapOf({
      nanoseconds: false,
      littleEndian: true,
      linkType: 1,
      snapLength: 0,
      packets: [{ at: { seconds: 1, nanoseconds: 0 }, originalLength: data.length, data }],
    });
    for (const [name, address] of [
      ['web-1', [10, 244, 1, 7]],
      ['db-1', [10, 244, 2, 9]],
    ] as const) {
      const source = merger.addSource(podAt(name, { addresses: [Buffer.from(address)] }));
      await source.write(file);
      source.end();
    }
    await merger.finish();
    using files = new FilesForTest();
    const path = files.path('named.pcapng');
    writeFileSync(path, output.bytes);
    const lines = wireshark('tshark', '-N', 'n', '-r', path).trim().split('\n');
    expect(lines).toHaveLength(2);
    // The names of a pod are written before its first packet.
    expect(lines[0]).toContain('shop/web-1 → ');
    expect(lines[1]).toContain('shop/web-1 → shop/db-1');
  });
});
