import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { describe, expect, it, onTestFinished } from 'vitest';
import { gapText } from '../../../src/capture/follower/gap.ts';
import { PcapngMerger } from '../../../src/pcap/pcapngMerger.ts';
import { captureSources } from '../../../src/reading/input/captureSources.ts';
import { type Summary, summarize } from '../../../src/reading/summary.ts';
import { MemoryOutput, podAt, SECTION } from '../pcap/mergeInto.ts';
import { handshake, pcapOfTimed, segment, type Timed } from './support.ts';

const data = (at: number, seq: number): Timed => [
  at,
  segment('up', { seq, ack: 1, data: 'x'.repeat(100) }),
];
/** A connection whose capture lacks a segment of 100 bytes that its peer acknowledges. */
const BEFORE = [...handshake(0), data(10, 1)];
const AFTER: readonly Timed[] = [
  data(5000, 201),
  [5001, segment('down', { seq: 1, ack: 301 })],
  [5002, segment('down', { seq: 1, flags: 0x04 })],
];

const ARTEFACT = '1 part of the recording is missing: this may be an artifact of the capture';

const kinds = ({ findings }: Summary) => findings.map(({ kind }) => kind);
const caveats = ({ findings }: Summary) =>
  findings.flatMap(({ caveat }) => (caveat === undefined ? [] : [caveat]));

async function merged(gap?: string): Promise<Summary> {
  const output = new MemoryOutput();
  const merger = new PcapngMerger(output, { section: SECTION, maxDelay: Infinity });
  const source = merger.addSource(podAt('web-0'));
  await source.write(pcapOfTimed(BEFORE));
  source.nextFile();
  if (gap !== undefined) source.gap(gap);
  await source.write(pcapOfTimed(AFTER));
  source.end({ comments: [] });
  await merger.finish();
  return summarize([{ label: 'merged', paths: [], stream: Readable.from([output.bytes]) }]);
}

/** A fetched folder with these files, and a manifest that lists the missing parts. */
async function folder(
  files: readonly (readonly [seq: number, packets: readonly Timed[]])[],
  manifest: object,
): Promise<Summary> {
  const path = mkdtempSync(join(tmpdir(), 'netdebug-gaps-'));
  onTestFinished(() => rmSync(path, { recursive: true }));
  mkdirSync(join(path, 'capture'));
  const at = (name: string) => join(path, 'capture', name);
  const listed = files.map(([seq, packets]) => {
    writeFileSync(at(`${seq}.pcap`), pcapOfTimed(packets));
    return { seq, name: `${seq}.pcap`, state: 'whole' };
  });
  writeFileSync(at('capture.json'), JSON.stringify({ version: 1, files: listed, ...manifest }));
  return summarize(await captureSources([join(path, 'capture')]));
}

describe('a missing part of the recording', () => {
  it('is reported, and qualifies other findings, in a merged file', async () => {
    const findings = await merged(gapText({ first: 2, last: 4, bytes: 1000 }));
    expect(kinds(findings)).toContain('capture-gaps');
    expect(caveats(findings)).toContain(ARTEFACT);
  });

  it('is not assumed for a connection that was resumed without a loss', async () => {
    const findings = await merged('connection lost (x) and resumed: nothing is missing');
    expect(kinds(findings)).not.toContain('capture-gaps');
    expect(kinds(await merged())).not.toContain('capture-gaps');
  });

  it('is read from the manifest of a folder', async () => {
    const files = [
      [1, BEFORE],
      [4, AFTER],
    ] as const;
    const gaps = [{ first: 2, last: 3, why: 'the ring removed them earlier' }];
    const findings = await folder(files, { gaps, interruptions: [] });
    expect(kinds(findings)).toContain('capture-gaps');
    expect(caveats(findings)).toContain(ARTEFACT);
    const withoutGaps = await folder(files, { gaps: [], interruptions: [] });
    expect(kinds(withoutGaps)).not.toContain('capture-gaps');
    expect(caveats(withoutGaps)).toEqual([]);
  });

  it('does not include files that the ring removed before the first copied file', async () => {
    const gaps = [{ first: 1, last: 3, why: 'the ring removed them earlier' }];
    const findings = await folder([[4, BEFORE]], { gaps, interruptions: [] });
    expect(kinds(findings)).not.toContain('capture-gaps');
  });

  it('includes the time during which an interface was missing', async () => {
    const outage = { at: '2026-11-26T12:00:00Z', until: '2026-11-26T12:00:09Z', why: 'eth0' };
    const findings = await folder([[1, BEFORE]], { gaps: [], interruptions: [outage] });
    expect(kinds(findings)).toContain('capture-gaps');
  });
});
