import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { buildCondition, type FilterRequest } from '../../../src/filters/build.ts';
import { renderAsCapture } from '../../../src/filters/capture/render.ts';
import { renderDisplayFilter } from '../../../src/filters/display/render.ts';
import { epochSeconds } from '../../../src/filters/times.ts';
import { Problem } from '../../../src/problem.ts';
import { fileOf, icmp, LINKS, tcp, udp } from './support/packets.ts';
import { selected } from './support/tcpdump.ts';

const PACKETS = ([4, 6] as const).flatMap((family) => [
  tcp('', { family, flags: 0x02, ports: [40_000, 443] }),
  tcp('', { family, flags: 0x04, ports: [443, 40_000] }),
  tcp('timeout of 5 s', { family, ports: [8080, 40_000] }),
  tcp('x'.repeat(200), { family, ports: [40_000, 22], options: Buffer.alloc(4, 1) }),
  udp(Buffer.alloc(20), family, [40_000, 53]),
  udp(Buffer.alloc(300), family, [40_000, 8080]),
  icmp(family, family === 4 ? 8 : 128),
]);
const FILE = fileOf(
  PACKETS.map((packet) => LINKS.ethernet.frame(packet)),
  1,
);
const folder = mkdtempSync(join(tmpdir(), 'netdebug-build-'));
const path = join(folder, 'packets.pcap');
writeFileSync(path, FILE);
afterAll(() => rmSync(folder, { recursive: true }));

function byTshark(filter: string): number[] {
  const args = ['-n', '-r', path, '-Y', filter, '-T', 'fields', '-e', 'frame.number'];
  const text = execFileSync('tshark', args, {
    encoding: 'utf8',
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  return text
    .split('\n')
    .filter(Boolean)
    .map((number) => Number(number) - 1);
}

const CASES: readonly (readonly [FilterRequest, count: number])[] = [
  [{ address: ['10.0.0.1'] }, 7],
  [{ source: ['fd00:100::/32'], protocol: ['udp'] }, 2],
  [{ destination: ['10.0.0.2', 'fd00:100::2'], port: ['443'] }, 4],
  [{ port: ['8000-9000'] }, 4],
  [{ port: ['8080', '53'], protocol: ['udp'] }, 4],
  [{ flags: ['syn', 'rst'] }, 4],
  [{ length: '>200' }, 4],
  [{ protocol: ['icmp', 'icmpv6'] }, 2],
];

describe('a filter from options', () => {
  it.each(CASES)('%j selects the same packets in both languages', (wishes, count) => {
    const condition = buildCondition(wishes);
    const [capture, display] = [renderAsCapture(condition), renderDisplayFilter(condition)];
    expect([typeof capture, typeof display]).toEqual(['string', 'string']);
    const matching = selected(FILE, capture as string);
    expect(matching).toEqual(byTshark(display as string));
    expect(matching).toHaveLength(count);
  });

  it('searches the payload, including quotes and control characters', () => {
    const matching = (contains: string) =>
      byTshark(renderDisplayFilter(buildCondition({ contains })) as string);
    expect(matching('timeout of')).toEqual([2, 9]);
    expect(matching('a "quoted" \\ \n word é')).toEqual([]);
  });

  it('of a time window uses seconds since 1970', () => {
    const condition = buildCondition({
      from: '1970-01-01T00:00:03Z',
      to: '1970-01-01 00:00:05 UTC',
    });
    expect(byTshark(renderDisplayFilter(condition) as string)).toEqual([3, 4, 5]);
    expect(renderAsCapture(condition)).toHaveProperty('reasons');
  });

  it.each<FilterRequest>([
    { address: ['web'] },
    { address: ['10.0.0.1/33'] },
    { port: ['80-70'] },
    { flags: ['xyz'] },
    { protocol: ['smtp'] },
    { length: 'long' },
    { from: 'yesterday' },
  ])('with %j is a usage error', (wishes) => {
    expect(() => buildCondition(wishes)).toThrow(Problem);
  });
});

describe('a time', () => {
  const now = new Date('2024-02-01T12:00:00Z');
  it.each([
    ['2024-02-01T14:05:00Z', '1706796300'],
    ['2024-02-01 14:05 UTC', '1706796300'],
    ['2024-02-01T16:05:00.123456789+02:00', '1706796300.123456789'],
    ['14:05Z', '1706796300'],
    ['1706796300.5', '1706796300.5'],
    ['2024-02-01', `${new Date(2024, 1, 1).getTime() / 1000}`],
    ['2024-02-01 14:05:30', `${new Date(2024, 1, 1, 14, 5, 30).getTime() / 1000}`],
    ['14:05', `${new Date(2024, 1, 1, 14, 5).getTime() / 1000}`],
    ['', undefined],
    ['2024-13-01', undefined],
    ['25:00', undefined],
    ['80', undefined],
  ])('%j is %s', (text, seconds) => {
    expect(epochSeconds(text, now)).toBe(seconds);
  });
});
