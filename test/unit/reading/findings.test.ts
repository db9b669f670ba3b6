import { describe, expect, it } from 'vitest';
import {
  answer,
  findingsOf,
  handshake,
  question,
  segment,
  summaryOf,
  type Timed,
} from './support.ts';

const BIG = 'x'.repeat(1_448);

/** A request and its answer after a handshake, closed by both ends. */
const HEALTHY: readonly Timed[] = [
  ...handshake(0),
  [3, segment('up', { seq: 1, ack: 1, flags: 0x18, data: 'GET / HTTP/1.1\r\nHost: shop\r\n\r\n' })],
  [
    9,
    segment('down', {
      seq: 1,
      ack: 31,
      flags: 0x18,
      data: 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok',
    }),
  ],
  [10, segment('up', { seq: 31, ack: 41, flags: 0x11 })],
  [11, segment('down', { seq: 41, ack: 32, flags: 0x11 })],
  [12, segment('up', { seq: 32, ack: 42 })],
];

it('finds nothing in healthy traffic', async () => {
  const { findings, conversations } = await summaryOf([
    ...HEALTHY,
    [20, question({ id: 1, name: 'shop.example.com' })],
    [21, answer({ id: 1, name: 'shop.example.com' })],
  ]);
  expect(findings).toEqual([]);
  expect(conversations.map(({ state }) => state)).toEqual(['SF', 'SF']);
  expect(conversations[0]?.http?.exchanges[0]).toMatchObject({ host: 'shop', status: 200 });
});

describe('ARP requests without an answer', () => {
  const frame = (operation: number, sender: number, target: number) => {
    const address = (host: number) => [10, 1, 0, host];
    const mac = (host: number) => [2, 0, 0, 0, 0, host];
    const to = operation === 1 ? [255, 255, 255, 255, 255, 255] : mac(target);
    return Buffer.from([
      ...[...to, ...mac(sender), 8, 6, 0, 1, 8, 0, 6, 4, 0, operation],
      ...[...mac(sender), ...address(sender), 0, 0, 0, 0, 0, 0, ...address(target)],
    ]);
  };
  const arpRequests = (sender: number, target: number): Timed[] =>
    [0, 1000, 2000].map((at) => [at, frame(1, sender, target)]);
  it.each<[string, readonly Timed[], readonly string[]]>([
    ['from the only visible host', arpRequests(5, 99), ['arp-unanswered']],
    [
      'from a host that gets other answers',
      [...arpRequests(5, 99), [3000, frame(1, 5, 1)], [3001, frame(2, 1, 5)]],
      ['arp-unanswered'],
    ],
    [
      'from a host that asks occasionally',
      [0, 30_000, 60_000].map((at) => [at, frame(1, 5, 99)] as const),
      [],
    ],
    // All hosts hear requests; only the requesting host hears the answer.
    ['from hosts whose answers are not visible', [...arpRequests(5, 99), ...arpRequests(6, 7)], []],
  ])('%s', async (_, packets, kinds) => {
    const findings = await findingsOf(packets.toSorted(([a], [b]) => a - b));
    expect(findings.map(({ kind }) => kind)).toEqual(kinds);
  });
});

describe('the first finding is', () => {
  const cases: readonly (readonly [kind: string, packets: readonly Timed[], text: string])[] = [
    [
      'syn-unanswered',
      [0, 1000, 3000].map((at) => [at, segment('up', { seq: 0, flags: 0x02 })] as const),
      '3 connection requests',
    ],
    [
      'connection-refused',
      [
        [0, segment('up', { seq: 0, flags: 0x02 })],
        [1, segment('down', { seq: 0, ack: 1, flags: 0x14 })],
      ],
      '10.96.0.20:80 refuses',
    ],
    [
      'mtu-black-hole',
      [
        ...handshake(0),
        [3, segment('up', { seq: 1, ack: 1, flags: 0x18, data: 'small' })],
        [4, segment('down', { seq: 1, ack: 6 })],
        ...[5, 300, 900, 2100].map(
          (at) => [at, segment('up', { seq: 6, ack: 1, flags: 0x18, data: BIG })] as const,
        ),
      ],
      'while segments of up to 5 bytes arrive',
    ],
    [
      'reset-by-middlebox',
      [
        ...handshake(0),
        [3, segment('up', { seq: 1, ack: 1, flags: 0x18, data: 'hello' })],
        [4, segment('down', { seq: 1, ack: 6, flags: 0x18, data: 'hello' })],
        [5, segment('up', { seq: 6, ack: 6 })],
        [901_005, segment('up', { seq: 6, ack: 6, flags: 0x18, data: 'again' })],
        [901_006, segment('down', { seq: 6, flags: 0x04, ip: { ttl: 57 } })],
      ],
      'after 15 min 1 s of silence',
    ],
    [
      'nat-skipped',
      [
        [0, segment('up', { seq: 100, flags: 0x02 })],
        [1, segment('down', { seq: 7, ack: 101, flags: 0x12, ip: { from: '10.244.2.9' } })],
        [2, segment('up', { seq: 101, flags: 0x04, ip: { to: '10.244.2.9' } })],
      ],
      'answered by 10.244.2.9:80',
    ],
    [
      'dns-servfail',
      [
        [0, question({ id: 1, name: 'api.example.com' })],
        [4, answer({ id: 1, name: 'api.example.com', code: 2 })],
      ],
      'SERVFAIL',
    ],
    [
      'dns-race',
      [
        [0, question({ id: 1, name: 'api.example.com' })],
        [0.1, question({ id: 2, name: 'api.example.com', type: 28 })],
        [1, answer({ id: 1, name: 'api.example.com' })],
        [5005, question({ id: 2, name: 'api.example.com', type: 28 })],
        [5006, answer({ id: 2, name: 'api.example.com', type: 28 })],
      ],
      'repeated after a timeout',
    ],
    [
      'dns-aaaa-ignored',
      ['api.example.com', 'db.example.com']
        .flatMap((name, index): Timed[] => [
          [index, question({ id: 1, name, port: 50_000 + index })],
          [index + 0.1, question({ id: 2, name, type: 28, port: 50_000 + index })],
          [index + 2, answer({ id: 1, name, port: 50_000 + index })],
          [index + 5005, question({ id: 2, name, type: 28, port: 50_000 + index })],
          [index + 7005, question({ id: 3, name, port: 50_000 + index })],
          [index + 7006, answer({ id: 3, name, port: 50_000 + index })],
        ])
        .sort(([a], [b]) => a - b),
      'ignores those for AAAA',
    ],
    [
      'dns-truncated',
      [
        [0, question({ id: 1, name: 'big.example.com' })],
        [1, answer({ id: 1, name: 'big.example.com', truncated: true })],
      ],
      'not repeated over TCP',
    ],
    [
      'dns-unanswered',
      [
        [0, question({ id: 1, name: 'api.example.com' })],
        [9000, question({ id: 2, name: 'other.example.com', port: 50_001 })],
      ],
      '1 question of 2',
    ],
  ];

  it.each(cases)('%s', async (kind, packets, text) => {
    const [first] = await findingsOf(packets);
    expect(first?.kind).toBe(kind);
    expect(first?.what).toContain(text);
    expect(first?.packets.length).toBeGreaterThan(0);
    expect(first?.causes.length).toBeGreaterThan(0);
    expect(first?.filter).toMatch(/^ip\.addr == /);
  });
});

describe('a receiver with a full buffer', () => {
  const full = (from: number, until: number): Timed[] => [
    [from, segment('up', { seq: 1, ack: 1, flags: 0x18, data: BIG })],
    [from, segment('down', { seq: 1, ack: 1449, window: 0 })],
    [until, segment('down', { seq: 1, ack: 1449, window: 500 })],
  ];

  it('is not a finding if it is brief', async () => {
    expect(await findingsOf([...handshake(0), ...full(3, 200)])).toEqual([]);
  });

  it('is a finding if it lasts longer, with its duration', async () => {
    const [first] = await findingsOf([...handshake(0), ...full(3, 203)]);
    expect(first).toMatchObject({ kind: 'zero-window', what: expect.stringContaining('200 ms') });
    expect(first?.what).toMatch(/\bserver\b/);
  });

  it('is a finding if it lasts to the end, as window probes show', async () => {
    const probes = [403, 803].map(
      (at) => [at, segment('down', { seq: 1, ack: 1449, window: 0 })] as const,
    );
    const [first] = await findingsOf([...handshake(0), ...full(3, 3).slice(0, 2), ...probes]);
    expect(first).toMatchObject({ kind: 'zero-window', what: expect.stringContaining('800 ms') });
  });
});

it('counts lookups wasted by a search path, by suffix', async () => {
  const suffixes = [
    'shop.svc.cluster.local',
    'svc.cluster.local',
    'cluster.local',
    'corp.example',
    'lan',
  ];
  const packets: Timed[] = [];
  let at = 0;
  for (const suffix of [...suffixes, '']) {
    const name = suffix === '' ? 'api.example.com' : `api.example.com.${suffix}`;
    for (const type of [1, 28]) {
      const id = packets.length + 1;
      packets.push([at, question({ id, name, type })]);
      packets.push([at + 2, answer({ id, name, type, code: suffix === '' ? 0 : 3 })]);
    }
    at += 3;
  }
  packets.sort(([a], [b]) => a - b);
  const findings = await findingsOf(packets);
  const waste = findings.find(({ kind }) => kind === 'dns-search-waste');
  expect(waste?.what).toContain('10 of 12');
  expect(waste?.what).toContain('15 ms');
  expect(waste?.what).toContain('shop.svc.cluster.local (2)');
});

it('recognises copies of packets, and still finds a real retransmission', async () => {
  const data = segment('up', { seq: 1, ack: 1, flags: 0x18, data: 'hello' });
  const captureTwice = (frame: Buffer, at: number): Timed[] => [
    [at, frame],
    [at + 0.02, frame],
  ];
  const packets = [
    ...handshake(0).flatMap(([at, frame]) => captureTwice(frame, at)),
    ...captureTwice(data, 5),
    ...captureTwice(segment('up', { seq: 1, ack: 1, flags: 0x18, data: 'hello' }), 300),
  ];
  const { conversations, findings } = await summaryOf(packets);
  expect(conversations[0]?.copies).toBe(5);
  expect(conversations[0]?.tcp?.client.retransmissions).toBe(1);
  expect(findings.map(({ kind }) => kind)).toContain('capture-copies');
});
