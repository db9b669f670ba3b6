import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { renderSummary } from '../../../src/reading/renderSummary.ts';
import { type Summary, summarize } from '../../../src/reading/summary.ts';
import { summaryFacts } from '../../../src/reading/summaryJson.ts';
import {
  answer,
  pcapngOf,
  pcapOfTimed,
  question,
  type Segment,
  segment,
  type Timed,
} from './support.ts';

const POD = '10.244.2.9';
/** Delay between the points in milliseconds. */
const DELAY = 0.4;

interface SentSegment extends Segment {
  readonly at: number;
  readonly direction: 'up' | 'down';
  /** It never arrives at the other point. */
  readonly isLost?: boolean;
  /** Seen only at its destination: something in between sent it. */
  readonly isForeign?: boolean;
}

interface Points {
  readonly client: Timed[];
  readonly server: Timed[];
}

/** The packets of a connection at the client's point and the server's; `ahead`: how far the server's clock is ahead. */
function points(
  sent: readonly SentSegment[],
  { ahead = 0, isTranslated = true, port = 40_000, ip = 1000 } = {},
): Points {
  const points: Points = { client: [], server: [] };
  for (const { at, direction, isLost, isForeign, ...header } of sent) {
    const id = ip + at;
    const isUp = direction === 'up';
    const ports = isUp ? { from: port } : { to: port };
    const near = segment(direction, { ...ports, ...header, ip: { id, ...header.ip } });
    const inside = isTranslated ? (isUp ? { to: POD } : { from: POD }) : {};
    const far = segment(direction, {
      ...ports,
      ...header,
      ip: { id, ttl: 63, ...inside, ...header.ip },
    });
    const isSeen = isUp ? [!isForeign, !isLost] : [!isLost, !isForeign];
    if (isSeen[0]) points.client.push([at, near]);
    if (isSeen[1]) points.server.push([at + (isUp ? DELAY : -DELAY) + ahead, far]);
  }
  return points;
}

const text = (length: number) => 'x'.repeat(length);
const OPENING: readonly SentSegment[] = [
  { at: 0, direction: 'up', seq: 100, flags: 0x02 },
  { at: 2, direction: 'down', seq: 500, ack: 101, flags: 0x12 },
  { at: 3, direction: 'up', seq: 101, ack: 501 },
];
const REQUEST: SentSegment = {
  at: 4,
  direction: 'up',
  seq: 101,
  ack: 501,
  flags: 0x18,
  data: text(50),
};
const ANSWER: SentSegment = {
  at: 9,
  direction: 'down',
  seq: 501,
  ack: 151,
  flags: 0x18,
  data: text(80),
};
const END: readonly SentSegment[] = [
  { at: 400, direction: 'up', seq: 151, ack: 581, flags: 0x11 },
  { at: 402, direction: 'down', seq: 581, ack: 152, flags: 0x11 },
  { at: 403, direction: 'up', seq: 152, ack: 582 },
  // So that the capture does not end with the connection.
  { at: 900, direction: 'up', seq: 152, ack: 582 },
];
const HEALTHY: readonly SentSegment[] = [...OPENING, REQUEST, ANSWER, ...END];

async function ofFiles({ client, server }: Points): Promise<Summary> {
  const source = (label: string, timed: readonly Timed[]) => ({
    label,
    paths: [],
    stream: Readable.from([pcapOfTimed(timed)]),
  });
  return summarize([source('client.pcap', client), source('server.pcap', server)]);
}

async function ofInterfaces({ client, server }: Points): Promise<Summary> {
  const bytes = pcapngOf({ 'shop/client/eth0': client, 'shop/server/eth0': server });
  return summarize([{ label: 'both.pcapng', paths: [], stream: Readable.from([bytes]) }]);
}

const kinds = ({ findings }: Summary) => findings.map(({ kind }) => kind);

describe.each([
  ['two files', ofFiles],
  ['two interfaces of one file', ofInterfaces],
])('%s', (_name, summaryOf) => {
  it('are compared: a connection across NAT is one connection', async () => {
    const summary = await summaryOf(points(HEALTHY));
    expect(kinds(summary)).toEqual(['joined-connection']);
    expect(summary.findings[0]?.what).toContain('10.96.0.20:80 is 10.244.2.9:80 there');
    const { comparisons, conversations } = summaryFacts(summary);
    expect(comparisons?.[0]).toMatchObject({ joined: 1, translated: 1 });
    expect(comparisons?.[0]?.ways?.map(({ packets, lost }) => [packets > 3, lost])).toEqual([
      [true, 0],
      [false, 0],
    ]);
    expect(
      conversations.map((conversation) => 'joined' in conversation && conversation.joined),
    ).toEqual([1, 1]);
  });

  it.each([0, 3, -2000])('loss between them is found, with clocks %d ms apart', async (ahead) => {
    const sent: SentSegment[] = [
      ...OPENING,
      { ...REQUEST, isLost: true },
      { ...REQUEST, at: 210 },
      { ...ANSWER, at: 215 },
      { ...ANSWER, at: 216, seq: 581, data: text(7), isLost: true },
      { ...ANSWER, at: 316, seq: 581, data: text(7) },
      ...END.map((conversation) =>
        conversation.direction === 'down' ? { ...conversation, seq: 588 } : conversation,
      ),
    ];
    const summary = await summaryOf(points(sent, { ahead }));
    const losses = summary.findings.filter(({ kind }) => kind === 'loss-between-points');
    expect(kinds(summary).slice(0, 2)).toEqual(['loss-between-points', 'loss-between-points']);
    expect(losses.map(({ count }) => count)).toEqual([1, 1]);
    const ways = summaryFacts(summary).comparisons?.[0]?.ways ?? [];
    const client = ways.find(({ from }) => /client/.test(from));
    expect(client?.lost).toBe(1);
    const clock = summary.comparisons[0]?.clock;
    expect(Math.abs(clock?.offset ?? 0)).toBeCloseTo(Math.abs(ahead) * 1e6, -4);
    expect(kinds(summary).includes('clock-offset')).toBe(ahead !== 0);
  });

  it('bytes in segments that offload merged on the path are not lost', async () => {
    const whole = points(HEALTHY);
    const parts = points([
      ...OPENING,
      { ...REQUEST, data: text(20) },
      { ...REQUEST, seq: 121, data: text(30), ip: { id: 999 } },
      ANSWER,
      ...END,
    ]);
    const summary = await summaryOf({ client: parts.client, server: whole.server });
    expect(kinds(summary)).toEqual(['joined-connection']);
  });

  it('a reset that its sender never sent comes from something in between', async () => {
    const reset: SentSegment = {
      at: 300,
      direction: 'down',
      seq: 581,
      flags: 0x04,
      isForeign: true,
    };
    const summary = await summaryOf(points([...OPENING, REQUEST, ANSWER, reset, ...END.slice(3)]));
    expect(kinds(summary)[0]).toBe('reset-by-middlebox');
    expect(summary.findings[0]?.what).toContain('never passed');
  });
});

it('lists lost packets by their numbers at the point that saw them', async () => {
  const sent = [
    ...OPENING,
    { ...REQUEST, isLost: true },
    { ...REQUEST, at: 210 },
    { ...ANSWER, at: 215 },
    ...END,
  ];
  const [first] = (await ofFiles(points(sent))).findings;
  expect(first).toMatchObject({
    kind: 'loss-between-points',
    interface: 'client.pcap',
    packets: [4],
  });
  expect(first?.who).toContain('10.244.1.7');
});

it('counts requests that only one point saw, if others arrived', async () => {
  const answered = points(HEALTHY, { isTranslated: false });
  const syns = [10, 300, 600].map(
    (at): SentSegment => ({ at, direction: 'up', seq: 7, flags: 0x02, isLost: true }),
  );
  const unanswered = points(syns, { isTranslated: false, port: 40_001, ip: 2000 });
  const client = [...answered.client, ...unanswered.client].sort(([a], [b]) => a - b);
  const { findings } = await ofInterfaces({ client, server: answered.server });
  expect(findings[0]).toMatchObject({ kind: 'loss-between-points', count: 3 });
});

it('joins lookups over UDP, and does not compare what one point did not record', async () => {
  const lookups = [1, 2, 3, 4, 5].flatMap((id): Timed[] => [
    [id * 100, question({ id, name: 'shop.example', port: 50_000 + id })],
    [id * 100 + 2, answer({ id, name: 'shop.example', port: 50_000 + id })],
  ]);
  const summary = await ofFiles({ client: lookups, server: lookups.slice(2, 8) });
  expect(kinds(summary)).toEqual(['joined-connection']);
  expect(summary.comparisons[0]?.joined).toBe(3);
});

it('joins nothing if all connections begin with the same sequence number', async () => {
  const syns = Array.from(
    { length: 50 },
    (_, index): Timed => [index, segment('up', { seq: 0, flags: 0x02, from: 1_000 + index })],
  );
  const { comparisons } = await ofInterfaces({ client: syns, server: [] });
  expect(comparisons).toEqual([]);
});

it('finds the missing packets of two points at the same place', async () => {
  const { client } = points(HEALTHY);
  const withLosses = client.filter((_, index) => index !== 3 && index !== 4);
  const { findings } = await ofFiles({ client, server: withLosses });
  const losses = findings.filter(({ kind }) => kind === 'loss-between-points');
  expect(losses.flatMap(({ packets }) => packets).sort()).toEqual([4, 5]);
});

it('does not report packets as lost if the other capture dropped packets', async () => {
  const { client, server } = points([
    ...OPENING,
    { ...REQUEST, isLost: true },
    { ...REQUEST, at: 300 },
    { ...ANSWER, at: 309 },
    ...END,
  ]);
  const source = (label: string, timed: readonly Timed[], dropped: number) => {
    const stream = Readable.from([pcapOfTimed(timed)]);
    return { label, paths: [], stream, dropped };
  };
  const lossWith = async (dropped: number) => {
    const sources = [source('client.pcap', client, 0), source('server.pcap', server, dropped)];
    const { findings } = await summarize(sources);
    return findings.find(({ kind }) => kind === 'loss-between-points')?.severity;
  };
  expect(await lossWith(0)).toBe('error');
  expect(await lossWith(5)).toBe('warning');
});

it('shows a connection that two points saw in one line', async () => {
  const summary = await ofFiles(points(HEALTHY));
  expect(summary.conversations).toHaveLength(2);
  const lines = [...renderSummary(summary, [])].join('').split('\n');
  const shown = lines.filter((line) => line.startsWith('tcp'));
  expect(shown).toHaveLength(1);
  expect(shown[0]).toContain('client.pcap → server.pcap');
});
