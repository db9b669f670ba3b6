import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { LATE_PACKETS_PREFIX } from '../../../src/pcap/mergedFile.ts';
import type { Source } from '../../../src/pcap/mergeSource.ts';
import { PcapngCursor } from '../../../src/pcap/pcapngCursor.ts';
import { type MergeOptions, PcapngMerger } from '../../../src/pcap/pcapngMerger.ts';
import { InvalidPcapError } from '../../../src/pcap/records.ts';
import { Chance, LINK_TYPES, pcapOf } from './madeCaptures.ts';
import { MemoryOutput, podAt, SECTION } from './mergeInto.ts';

/** The time of the packets is the time of the test's clock: milliseconds since the test began. */
const HEADER = pcapOf({
  nanoseconds: true,
  littleEndian: true,
  linkType: LINK_TYPES.ethernet,
  snapLength: 262144,
  packets: [],
});

const momentAt = (ms: number) => ({
  seconds: 1_780_000_000 + Math.floor(ms / 1000),
  nanoseconds: (ms % 1000) * 1e6,
});

function packetAt(ms: number, length = 60): Buffer {
  const { seconds, nanoseconds } = momentAt(ms);
  const record = Buffer.alloc(16 + length);
  record.writeUInt32LE(seconds, 0);
  record.writeUInt32LE(nanoseconds, 4);
  record.writeUInt32LE(length, 8);
  record.writeUInt32LE(length, 12);
  return record;
}

/** Records the packets that were written, and when, in milliseconds since the test began. */
class WatchedOutput extends MemoryOutput {
  readonly out: { readonly at: number; readonly now: number; readonly interfaceIndex: number }[] =
    [];
  readonly #cursor = new PcapngCursor();
  /** While this is set, the output accepts nothing more. */
  blocked: Promise<void> | undefined;

  get times(): number[] {
    return this.out.map(({ at }) => at);
  }

  override async write(chunk: Buffer): Promise<void> {
    await this.blocked;
    await super.write(chunk);
    const cursor = this.#cursor;
    cursor.push(Buffer.from(chunk));
    while (cursor.next()) {
      const at = (cursor.seconds - 1_780_000_000) * 1000 + cursor.nanoseconds / 1e6;
      this.out.push({ at, now: performance.now(), interfaceIndex: cursor.interfaceIndex });
    }
    expect(cursor.pending).toBe(0);
  }
}

interface Merge {
  readonly output: WatchedOutput;
  readonly merger: PcapngMerger;
  readonly sources: readonly [Source, Source, ...Source[]];
}

async function startMerge(count = 2, options: Partial<MergeOptions> = {}): Promise<Merge> {
  const output = new WatchedOutput();
  const merger = new PcapngMerger(output, { section: SECTION, ...options });
  const sources = Array.from({ length: count }, (_, index) =>
    merger.addSource(podAt(`web-${index}`)),
  ) as unknown as Merge['sources'];
  for (const source of sources) await source.write(HEADER);
  return { output, merger, sources };
}

/** Runs everything that is due now, and in the next `ms` milliseconds. */
const pass = (ms = 0) => vi.advanceTimersByTimeAsync(ms);

describe('a live merge', () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance', 'Date'] });
  });
  afterEach(() => {
    expect(vi.getTimerCount()).toBe(0);
    vi.useRealTimers();
  });

  it('passes on a single source at once', async () => {
    const output = new WatchedOutput();
    const merger = new PcapngMerger(output, { section: SECTION });
    const source = merger.addSource(podAt('web-0'));
    await source.write(HEADER);
    await pass();
    expect(output.bytes.length).toBeGreaterThan(0);
    await source.write(packetAt(5));
    await pass();
    expect(output.times).toEqual([5]);
    await merger.finish();
  });

  it('waits for older packets of the other sources, and writes them first', async () => {
    const { output, merger, sources } = await startMerge();
    const [a, b] = sources;
    await a.write(packetAt(20));
    await pass(1000);
    expect(output.times).toEqual([]);
    await b.write(Buffer.concat([packetAt(10), packetAt(30)]));
    await pass();
    expect(output.times).toEqual([10, 20]);
    await merger.finish();
    expect(output.times).toEqual([10, 20, 30]);
    expect(merger.latePackets).toBe(0);
  });

  it('does not wait for a silent source that reports the time', async () => {
    const { output, merger, sources } = await startMerge();
    const [a, b] = sources;
    await a.write(Buffer.concat([packetAt(20), packetAt(40)]));
    b.progress(momentAt(30));
    await pass();
    expect(output.times).toEqual([20]);
    b.progress(momentAt(40));
    await pass();
    expect(output.times).toEqual([20, 40]);
    await merger.finish();
  });

  it('does not wait for packets older than the last one of a source', async () => {
    const { output, merger, sources } = await startMerge();
    const [a, b] = sources;
    await b.write(packetAt(10));
    await a.write(packetAt(10));
    await pass();
    expect(output.out.map(({ interfaceIndex }) => interfaceIndex)).toEqual([0, 1]);
    await merger.finish();
  });

  it('waits for a silent source up to the limit, and counts packets that arrive later', async () => {
    const { output, merger, sources } = await startMerge(2, { maxDelay: 2000 });
    const [a, b] = sources;
    await a.write(packetAt(20));
    await pass(1500);
    await a.write(packetAt(1500));
    await pass(499);
    expect(output.times).toEqual([]);
    await pass(1);
    expect(output.times).toEqual([20]);
    await b.write(packetAt(10));
    await pass();
    expect(output.times).toEqual([20, 10]);
    await pass(1500);
    expect(output.times).toEqual([20, 10, 1500]);
    expect([merger.latePackets, a.latePackets, b.latePackets]).toEqual([1, 0, 1]);
    await merger.finish();
    expect(output.bytes.toString('latin1')).toContain(`${LATE_PACKETS_PREFIX}1`);
  });

  it('does not wait for a source that is far behind, until it has caught up', async () => {
    const { output, merger, sources } = await startMerge(2, { maxDelay: 2000 });
    const [a, b] = sources;
    await a.write(packetAt(30_000));
    await pass(2000);
    await b.write(packetAt(100));
    await a.write(packetAt(32_000));
    await pass();
    expect(output.times).toEqual([30_000, 100, 32_000]);
    await b.write(packetAt(31_000));
    await a.write(packetAt(32_500));
    await pass();
    expect(output.times).toEqual([30_000, 100, 32_000, 31_000]);
    await b.write(packetAt(32_600));
    await pass();
    expect(output.times).toEqual([30_000, 100, 32_000, 31_000, 32_500]);
    await merger.finish();
    expect(b.latePackets).toBe(2);
  });

  it("relies on a source's reported time for being behind and for having caught up", async () => {
    const { output, merger, sources } = await startMerge(2, { maxDelay: 2000 });
    const [a, b] = sources;
    await a.write(packetAt(30_000));
    await pass(2000);
    b.progress(momentAt(1000));
    await a.write(packetAt(30_001));
    await pass();
    expect(output.times).toEqual([30_000, 30_001]);
    b.progress(momentAt(29_000));
    await a.write(packetAt(30_002));
    await pass(1000);
    expect(output.times).toEqual([30_000, 30_001]);
    await merger.finish();
  });

  it('lets sources end and join midway', async () => {
    const { output, merger, sources } = await startMerge();
    const [a, b] = sources;
    await a.write(packetAt(20));
    b.end();
    await pass();
    expect(output.times).toEqual([20]);
    const c = merger.addSource(podAt('web-9'));
    await a.write(packetAt(30));
    await pass(100);
    expect(output.times).toEqual([20]);
    await c.write(Buffer.concat([HEADER, packetAt(25), packetAt(35)]));
    await pass();
    expect(output.out.map(({ at, interfaceIndex }) => [at, interfaceIndex])).toEqual([
      [20, 0],
      [25, 2],
      [30, 0],
    ]);
    await merger.finish();
  });

  it('pauses a source that is ahead of the others, at a limit', async () => {
    const { output, merger, sources } = await startMerge(2, { maxDelay: Infinity });
    const [a, b] = sources;
    let written = 0;
    const writing = (async () => {
      for (; written < 160; written++) await a.write(packetAt(written, 250_000));
    })();
    await pass(60_000);
    expect(output.times).toEqual([]);
    expect(written).toBeGreaterThan(20);
    expect(written).toBeLessThan(40);
    b.progress(momentAt(159));
    await writing;
    await merger.finish();
    expect(output.times).toHaveLength(160);
  });

  it('accepts a packet that is larger than the buffer of its source', async () => {
    const { output, merger, sources } = await startMerge(300, { maxDelay: Infinity });
    const [a, ...others] = sources;
    const large = packetAt(5, 200_000);
    for (let at = 0; at < large.length; at += 10_000)
      await a.write(large.subarray(at, at + 10_000));
    for (const other of others) other.progress(momentAt(5));
    await pass();
    expect(output.times).toEqual([5]);
    await merger.finish();
  });

  it('is not slowed down by a quiet source when the buffers are full', async () => {
    const { output, merger, sources } = await startMerge(2, { maxDelay: 2000 });
    const [a] = sources;
    await pass(2000);
    const writing = (async () => {
      for (let at = 0; at < 400; at++) await a.write(packetAt(at, 250_000));
    })();
    await pass();
    await writing;
    expect(output.times.length).toBeGreaterThan(320);
    await merger.finish();
  });

  it('pauses all sources while the output is busy, and does not count that time as silence', async () => {
    const { output, merger, sources } = await startMerge(2, { maxDelay: 2000 });
    await pass();
    let open = () => {};
    const opened = new Promise<void>((resolve) => {
      open = resolve;
    });
    output.blocked = opened;
    const written = [0, 0];
    const writing = sources.map(async (source, which) => {
      for (let at = 0; at < 240; at++) {
        await source.write(packetAt(at * 2 + which, 250_000));
        written[which] = at;
        // The other source has more earlier packets, which then wait for the next one of this source.
        if (which === 1 && at === 5) await opened;
        if (which === 1) await new Promise((resolve) => setTimeout(resolve, 10));
      }
    });
    await pass(60_000);
    expect(Math.max(...written)).toBeLessThan(40);
    open();
    output.blocked = undefined;
    await pass(60_000);
    await Promise.all(writing);
    await merger.finish();
    expect(output.times).toEqual(Array.from({ length: 480 }, (_, at) => at));
    expect(merger.latePackets).toBe(0);
  });

  it('continues without a source whose stream is damaged', async () => {
    const { output, merger, sources } = await startMerge();
    const [a, b] = sources;
    await b.write(packetAt(10));
    await a.write(packetAt(20));
    await pass();
    const damage = Buffer.alloc(64, 0xff);
    await expect(
      (async () => {
        for (let tries = 0; tries < 5; tries++) await b.write(damage);
      })(),
    ).rejects.toThrow(InvalidPcapError);
    await pass();
    expect(output.times).toEqual([10, 20]);
    b.end({ comments: ['gave up'] });
    await merger.finish();
    expect(output.bytes.toString('latin1')).toMatch(/gave up\n.*\S: \S/);
  });

  it('names a source whose stream is damaged from the start', async () => {
    const { output, merger } = await startMerge();
    const source = merger.addSource(podAt('damaged'));
    await source.write(Buffer.concat([HEADER, Buffer.alloc(64, 0xff)]));
    await merger.finish();
    expect(output.bytes.toString('latin1')).toMatch(/shop\/damaged\/eth0[\s\S]*could not be read/);
  });

  it.each([1, 2, 3, 4, 5, 6, 7, 8])(
    'writes packets in order and in time, whatever the delays (seed %i)',
    async (seed) => {
      const chance = new Chance(seed);
      const maxDelay = 2000;
      const { output, merger, sources } = await startMerge(chance.between(2, 12), { maxDelay });
      const arrivals = new Map<string, number>();
      await Promise.all(
        sources
          .map(async (source, index) => {
            const pause = chance.oneOf([5, 100, 3000]);
            const reports = chance.between(0, 1) === 1;
            // Network delays, shorter than the limit; in order.
            let arrived = 0;
            for (let at = index + 1; at < 20_000; at += chance.between(1, pause)) {
              arrived = Math.max(arrived, at + chance.between(0, maxDelay - 1));
              if (arrived > performance.now())
                await new Promise((resolve) => setTimeout(resolve, arrived - performance.now()));
              arrivals.set(`${index} ${at}`, performance.now());
              await source.write(packetAt(at));
              if (reports) source.progress(momentAt(at));
            }
            source.end();
          })
          .concat(pass(40_000).then(() => {})),
      );
      await merger.finish();
      expect(output.times).toEqual(output.times.toSorted((x, y) => x - y));
      expect(merger.latePackets).toBe(0);
      expect(output.times).toHaveLength(arrivals.size);
      for (const { at, now, interfaceIndex } of output.out) {
        const waited = now - (arrivals.get(`${interfaceIndex} ${at}`) ?? Number.NaN);
        expect(waited).toBeLessThanOrEqual(maxDelay + 1);
      }
    },
  );
});
