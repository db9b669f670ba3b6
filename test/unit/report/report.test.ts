import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { summaryCommand } from '../../../src/cli/commands/summary.ts';
import { summarize } from '../../../src/reading/summary.ts';
import { manifestsOf } from '../../../src/report/manifests.ts';
import { packetsOf } from '../../../src/report/page/packets.ts';
import { ReportFile } from '../../../src/report/reportFile.ts';
import {
  answer,
  handshake,
  pcapngOf,
  pcapOfTimed,
  question,
  segment,
  type Timed,
} from '../reading/support.ts';
import { hostileCapture, MARKUP } from './hostileCapture.ts';
import { reportOf } from './support.ts';

/** A request that gets lost once between the points, which are 0.4 ms apart. */
const NEAR: readonly Timed[] = [
  ...handshake(0),
  [10, segment('up', { seq: 1, ack: 1, flags: 0x18, data: 'x'.repeat(50), ip: { id: 900 } })],
  [310, segment('up', { seq: 1, ack: 1, flags: 0x18, data: 'x'.repeat(50), ip: { id: 901 } })],
  [312, segment('down', { seq: 1, ack: 51, flags: 0x18, data: 'y', ip: { id: 902 } })],
  [900, segment('up', { seq: 51, ack: 2, ip: { id: 903 } })],
];
const FAR: readonly Timed[] = NEAR.filter(([at]) => at !== 10).map(([at, frame]) => [
  at === 1 || at === 312 ? at - 0.4 : at + 0.4,
  frame,
]);

describe('the data of a report', () => {
  it('contains conversations, their packets, and lookups', async () => {
    const { data, packets } = await reportOf({
      'web.pcap': pcapOfTimed([
        [0, question({ id: 1, name: 'shop.example' })],
        [3, answer({ id: 1, name: 'shop.example' })],
        ...handshake(20),
        [30, segment('down', { seq: 1, ack: 1, flags: 0x14 })],
      ]),
    });
    const { conversations, texts, dns } = data;
    expect(conversations.total).toBe(2);
    expect(conversations.start).toEqual([0, 20_000]);
    expect(conversations.duration).toEqual([3_000, 10_000]);
    expect(conversations.state.map((number) => texts[number])).toEqual(['SF', 'RSTR']);
    expect(conversations.resets).toEqual([0, 1]);
    expect(conversations.kept).toEqual([2, 4]);
    expect([dns.name, dns.answer, dns.addresses].map(([number]) => texts[number ?? -1])).toEqual([
      'shop.example',
      'NOERROR',
      '10.0.0.1',
    ]);
    expect(dns.latency).toEqual([3_000]);
    const kept = packetsOf(packets, 2, 4);
    expect(
      kept.map(({ number, time, flags, sequence, fromClient }) => [
        number,
        time,
        flags,
        sequence,
        fromClient,
      ]),
    ).toEqual([
      [3, 0, 0x02, 0, true],
      [4, 1_000, 0x12, 0, false],
      [5, 2_000, 0x10, 1, true],
      [6, 10_000, 0x14, 1, false],
    ]);
    expect(packetsOf(packets, 0, 2).map(({ label }) => label)).toEqual([
      'A shop.example?',
      '10.0.0.1',
    ]);
  });

  it('counts all traffic in the timeline', async () => {
    const { data } = await reportOf({ 'web.pcap': pcapOfTimed(NEAR) });
    const [traffic] = data.timeline.traffic;
    expect(traffic?.packets.reduce((sum, count) => sum + count)).toBe(NEAR.length);
    expect(data.timeline.troubles).toMatchObject([{ kind: 'repeated', total: 1 }]);
  });

  it('shows where and when packets got lost between two points', async () => {
    const { data, packets, page } = await reportOf({
      'capture.pcapng': pcapngOf({ 'shop/web': NEAR, 'shop/cart': FAR }),
    });
    const [lost] = data.timeline.troubles;
    expect(lost).toMatchObject({
      kind: 'lost',
      label: 'Lost from shop/web to shop/cart',
      total: 1,
    });
    const at = data.timeline.start + (lost?.buckets[0] ?? 0) * data.timeline.step;
    expect(Math.abs(at - 10_000)).toBeLessThanOrEqual(data.timeline.step);
    expect(data.joined).toEqual([{ rows: [0, 1], clocks: [0, expect.any(Number)] }]);
    expect(data.conversations.lost).toEqual([1, 0]);
    const kept = packetsOf(packets, 0, data.conversations.kept[0] ?? 0);
    expect(kept.filter(({ isLost }) => isLost).map(({ number }) => number)).toEqual([7]);
    const finding = data.findings.find(({ kind }) => kind === 'loss-between-points');
    expect(finding).toMatchObject({ severity: 'error', from: 10_000, rows: [0] });
    expect(page).toContain('Packets lost between the points of capture');
  });

  it('truncates long texts, and gives their original length', async () => {
    const { data } = await reportOf({ 'web.pcapng': hostileCapture() });
    expect(Math.max(...data.texts.map(({ length }) => length))).toBeLessThan(400);
    expect(data.texts.filter((text) => / characters\)$/.test(text)).length).toBeGreaterThan(0);
  });
});

describe('the page of a report', () => {
  it('contains no markup from hostile names', async () => {
    const { page } = await reportOf({ [MARKUP]: hostileCapture() });
    expect(page).toContain('&lt;/script&gt;');
    expect(page.match(/<\/?script/g)).toHaveLength(6);
    expect(page).not.toMatch(/<img|\u001b|\u202e|\u2066|\u200b/);
    expect(page.length).toBeLessThan(300_000);
  });

  it('shows findings and capture details without its script', async () => {
    const { page } = await reportOf({
      'capture.pcapng': pcapngOf({ 'shop/web': NEAR, 'shop/cart': FAR }),
    });
    const [before] = page.split('<div id="app">');
    expect(before).toContain('Packets lost on the way');
    expect(page).toContain('How it was captured');
    expect(page).toContain('shop/cart');
  });

  it('reports a capture without packets', async () => {
    const { data, page } = await reportOf({ 'empty.pcap': pcapOfTimed([]) });
    expect(data.conversations.total).toBe(0);
    expect(page).toContain('No problems found');
  });
});

describe('the file of a report', () => {
  const folders: string[] = [];
  const folder = async () => {
    const folderPath = await mkdtemp(join(tmpdir(), 'report-'));
    folders.push(folderPath);
    return folderPath;
  };
  afterEach(async () => {
    for (const folderPath of folders.splice(0)) await rm(folderPath, { recursive: true });
  });

  const write = async (path: string, force: boolean) => {
    const file = new ReportFile(path, force);
    const sources = [{ label: 'x', paths: [] }];
    await file.write(await summarize(sources, { collector: file.collector }), sources);
  };

  it('is private, complete, and the only file', async () => {
    const folderPath = await folder();
    const path = join(folderPath, 'report.html');
    await write(path, false);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(await readFile(path, 'utf8')).toMatch(/^<!doctype html>[\s\S]*<\/html>\n$/);
    expect(await readdir(folderPath)).toEqual(['report.html']);
  });

  it('is replaced only with --force', async () => {
    const path = join(await folder(), 'report.html');
    await writeFile(path, 'mine', { mode: 0o644 });
    await expect(write(path, false)).rejects.toMatchObject({ kind: 'exists' });
    expect(await readFile(path, 'utf8')).toBe('mine');
    await write(path, true);
    expect(await readFile(path, 'utf8')).toMatch(/^<!doctype html>/);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
  });

  it('is refused before captures are read', async () => {
    const path = join(await folder(), 'report.html');
    await writeFile(path, 'mine');
    const run = summaryCommand.run({ flags: { html: path, force: false }, args: [path] } as never);
    await expect(run).rejects.toMatchObject({ kind: 'exists' });
  });
});

describe('manifests', () => {
  it('are shown with lost files and packets; damaged ones are ignored', async () => {
    const folderPath = await mkdtemp(join(tmpdir(), 'report-'));
    const source = { label: 'a', paths: [join(folderPath, 'web.1.pcap')] };
    await writeFile(join(folderPath, 'capture.json'), '{"files": [');
    expect(await manifestsOf([source])).toEqual([]);
    const manifest = {
      target: 'deploy/web',
      dropped: 3,
      exit: 0,
      files: [
        { seq: 1, name: 'web.1.pcap', state: 'whole', size: 10, packets: 2, sha256: 'ab' },
        7,
      ],
      gaps: [{ first: 2, last: 3, why: 'the ring removed them' }],
      interruptions: 'none',
    };
    await writeFile(join(folderPath, 'capture.json'), JSON.stringify(manifest));
    expect(await manifestsOf([source])).toMatchObject([
      {
        facts: [
          ['Target', 'deploy/web'],
          ['Exit code', '0'],
          ['Packets dropped', '3'],
        ],
        losses: [
          '3 packets were dropped while recording',
          'Files 2 to 3 are missing: the ring removed them',
        ],
        files: [{ name: 'web.1.pcap', packets: 2, sha256: 'ab' }],
      },
    ]);
    await rm(folderPath, { recursive: true });
  });
});
