import { describe, expect, it } from 'vitest';
import { growthOf, parseCounters } from '../../../src/topology/probe/counters.ts';
import { followPackets } from '../../../src/topology/probe/followPackets.ts';
import { clockOffsets } from '../../../src/topology/probe/nodeClocks.ts';
import type { Observation, Tcp } from '../../../src/topology/probe/observation.ts';
import { deviceCounters, type PathCounters } from '../../../src/topology/probe/pathCounters.ts';
import { probeFindings } from '../../../src/topology/probe/probeFindings.ts';
import type { ProbePlan } from '../../../src/topology/probe/probePlan.ts';
import { renderCounters } from '../../../src/topology/probe/renderCounters.ts';
import { watchFilter } from '../../../src/topology/probe/watchFilter.ts';
import { placeKey } from '../../../src/topology/probe/watchPoint.ts';
import type { Hop, OneWayPath } from '../../../src/topology/trace/oneWayPath.ts';
import type { PathTrace } from '../../../src/topology/trace/tracePath.ts';

const PLAN: ProbePlan = {
  kind: 'tcp',
  source: '10.244.1.2',
  destination: '10.96.0.7',
  port: 80,
  sourcePort: 61_000,
  count: 1,
  data: 'ab'.repeat(16),
  size: 0,
};
const ISN = 0xffff_ffff;

const hop = (node: string, netns: number, device: string): Hop => ({
  node,
  netns,
  device,
  kind: 'veth',
});
const HOPS = [
  hop('node-a', 2, 'eth0'),
  hop('node-a', 1, 'cni0'),
  hop('node-a', 1, 'eth0'),
  hop('node-b', 3, 'eth0'),
  hop('node-b', 4, 'eth0'),
];

function trace(): PathTrace {
  const path = (direction: OneWayPath['direction'], hops: readonly Hop[]): OneWayPath => ({
    direction,
    hops,
    decisions: [],
    nat: [],
    faults: [],
    unknown: [],
    end: 'delivered',
  });
  const paths = [path('there', HOPS), path('back', HOPS.toReversed())];
  return { paths } as unknown as PathTrace;
}

interface ObservationInput {
  /** Microseconds. */
  readonly at: number;
  readonly back?: boolean;
  readonly ttl?: number;
  readonly to?: string;
}

function observation({
  at,
  back = false,
  ttl = 64,
  to = PLAN.destination,
}: ObservationInput): Observation {
  const ports = back
    ? { sourcePort: 80, destinationPort: 61_000 }
    : { sourcePort: 61_000, destinationPort: 80 };
  const tcp: Tcp = {
    kind: 'tcp',
    ...ports,
    flags: back ? 0x12 : 0x02,
    sequence: back ? 7 : ISN,
    // Sequence numbers wrap around.
    acknowledgment: back ? 0 : 0,
    mss: 1410,
  };
  return {
    time: 1_700_000_000_000_000_000n + BigInt(at) * 1000n,
    tunnel: 'none',
    source: back ? to : PLAN.source,
    destination: back ? PLAN.source : to,
    ttl,
    bytes: 60,
    transport: tcp,
  };
}

/** The observations of the devices, with the clock of node-b ahead by this many microseconds. */
function observed(ahead: number, isLost = false): Map<string, Observation[]> {
  const at = (index: number, ...sights: ObservationInput[]): [string, Observation[]] => {
    const [place] = HOPS.slice(index);
    if (place === undefined) throw new Error('no such hop');
    const shift = place.node === 'node-b' ? ahead : 0;
    return [
      placeKey(place),
      sights.map((input) => observation({ ...input, at: input.at + shift })),
    ];
  };
  if (isLost)
    return new Map([at(0, { at: 0 }), at(1, { at: 10 }), at(2, { at: 20 }), at(3), at(4)]);
  const pod = '10.244.2.2';
  return new Map([
    at(0, { at: 0 }, { at: 300, back: true }),
    at(1, { at: 10, to: pod }, { at: 290, back: true, to: pod }),
    at(2, { at: 20, to: pod, ttl: 63 }, { at: 280, back: true, to: pod }),
    at(3, { at: 120, to: pod, ttl: 63 }, { at: 220, back: true, to: pod }),
    at(4, { at: 130, to: pod, ttl: 62 }, { at: 210, back: true, to: pod }),
  ]);
}

describe('a probe', () => {
  it.each([0, 3000, -3000, 2_000_000])(
    'has the same times if the clock of a node is off by %i µs',
    (ahead) => {
      const [sent, back] = followPackets(PLAN, trace(), observed(ahead));
      expect(sent?.seen.map(({ atMs }) => atMs)).toEqual([0, 0.01, 0.02, 0.1, 0.11]);
      expect(sent?.seen.map(({ uncertaintyMs }) => uncertaintyMs)).toEqual([
        undefined,
        undefined,
        undefined,
        0.08,
        0.08,
      ]);
      expect(back?.seen.at(-1)?.atMs).toBe(0.3);
      expect(sent?.lost).toBeUndefined();
      expect(back?.lost).toBeUndefined();
    },
  );

  it('shows changed fields, and follows the packet through translations', () => {
    const [sent, back] = followPackets(PLAN, trace(), observed(0));
    expect(sent?.packet).toBe('TCP SYN 1');
    expect(back?.packet).toBe('TCP SYN-ACK 1');
    expect(sent?.seen.map(({ altered }) => altered)).toEqual([
      [],
      ['destination 10.96.0.7:80 → 10.244.2.2:80'],
      ['TTL 64 → 63'],
      [],
      ['TTL 63 → 62'],
    ]);
    expect(back?.seen.at(-1)?.altered).toEqual(['source 10.244.2.2:80 → 10.96.0.7:80']);
  });

  it('is lost between the last device that saw it and the next one that could have seen it', () => {
    const sights = observed(0, true);
    const packets = followPackets(PLAN, trace(), sights);
    expect(packets).toHaveLength(1);
    expect(packets[0]?.lost).toMatchObject({
      after: { node: 'node-a', netns: 1, device: 'eth0' },
      before: { node: 'node-b', netns: 3, device: 'eth0' },
    });
    const [finding] = probeFindings(
      { main: { plan: PLAN, packets, growth: [], leaves: false, messages: [], unwatched: [] } },
      [],
    );
    expect(finding).toMatchObject({ kind: 'probe-lost', where: { node: 'node-a' } });
    expect(finding?.causedBy).toBeUndefined();
  });

  it.each([
    ['at the same device', { node: 'node-b', netns: 3, device: 'eth0' }],
    ['on the same node', { node: 'node-b', netns: 3 }],
  ])('is explained by the error %s, not by the first one', (_, where) => {
    const packets = followPackets(PLAN, trace(), observed(0, true));
    const error = { severity: 'error', evidence: '', meaning: '', fix: '' } as const;
    const tableFindings = [
      { ...error, kind: 'stale-neighbour', where: { node: 'node-c', netns: 1, device: 'eth0' } },
      { ...error, kind: 'link-down', where },
    ];
    const [finding] = probeFindings(
      { main: { plan: PLAN, packets, growth: [], leaves: false, messages: [], unwatched: [] } },
      tableFindings,
    );
    expect(finding).toMatchObject({ kind: 'probe-lost', causedBy: 'link-down' });
  });

  it('is not lost at an unwatched device, or where devices are skipped', () => {
    const sights: Map<string, Observation[] | undefined> = observed(0, true);
    for (const place of HOPS.slice(3)) sights.set(placeKey(place), undefined);
    expect(followPackets(PLAN, trace(), sights)[0]?.lost).toBeUndefined();

    const all: Map<string, Observation[]> = observed(0);
    const [, bridge] = HOPS;
    all.set(placeKey(bridge as Hop), []);
    const [sent] = followPackets(PLAN, trace(), all);
    expect(sent?.skipped).toEqual([{ node: 'node-a', netns: 1, device: 'cni0' }]);
    expect(sent?.lost).toBeUndefined();
  });

  it('has no times on other nodes without an answer with which to compare the clocks', () => {
    const sights = observed(0);
    for (const [place, all] of sights)
      sights.set(
        place,
        all.filter(({ source }) => source === PLAN.source),
      );
    const [sent] = followPackets(PLAN, trace(), sights);
    expect(sent?.seen.map(({ atMs }) => atMs)).toEqual([0, 0.01, 0.02, undefined, undefined]);
  });

  it('ignores a connection of another client', () => {
    const other = observation({ at: 5 });
    const tcp = other.transport as Tcp;
    const sights = observed(0);
    const first = placeKey(HOPS[0] as Hop);
    sights.set(first, [
      ...(sights.get(first) ?? []),
      { ...other, transport: { ...tcp, sourcePort: 40_000, sequence: 99 } },
    ]);
    expect(followPackets(PLAN, trace(), sights)).toHaveLength(2);
  });
});

describe('the clock of a node', () => {
  it('is unknown if it was set between two packets', () => {
    const passage = (direction: 'there' | 'back', node: string, at: bigint) => ({
      id: 'x',
      direction,
      node,
      first: at,
      last: at,
    });
    const offsets = clockOffsets(
      [
        passage('there', 'a', 0n),
        passage('there', 'b', 10n),
        passage('back', 'b', 500n),
        passage('back', 'a', 100n),
      ],
      'a',
    );
    expect(offsets.has('b')).toBe(false);
  });
});

describe('counters', () => {
  it('are reported if they increased, for rules with their chains', () => {
    const text = (drops: number, errors: number) =>
      [
        'Udp: InDatagrams InCsumErrors',
        `Udp: 5 ${errors}`,
        `snmp6 Udp6InCsumErrors                \t${errors}`,
        'snmp6 Ip6InReceives 99',
        `device eth0 1 2 0 ${drops} 0 0 0 0 1 2 0 0 0 0 0 0`,
        `rule iptables-legacy :FORWARD DROP [${drops}:60]`,
        `rule nft inet planted forward: ip saddr 10.0.0.1 counter packets ${drops} bytes 9 drop`,
      ].join('\n');
    const where = { node: 'node-a', netns: 1 };
    expect(growthOf(parseCounters(text(1, 0)), parseCounters(text(3, 2)), where)).toEqual([
      { ...where, counter: 'UdpInCsumErrors', by: 2 },
      { ...where, counter: 'Udp6InCsumErrors', by: 2 },
      { ...where, counter: 'eth0 rx dropped', by: 2 },
      { ...where, counter: 'iptables-legacy :FORWARD DROP', by: 2 },
      { ...where, counter: 'nft inet planted forward: ip saddr 10.0.0.1 drop', by: 2 },
    ]);
    expect(growthOf(parseCounters(text(1, 0)), parseCounters(text(1, 0)), where)).toEqual([]);
  });
});

describe('the counters of a path', () => {
  const reading = (at: number, packets: number, drops: number, state: string): PathCounters => {
    const text = [
      `device eth0 9 ${packets} 0 ${drops} 0 0 0 0 9 7 0 0 0 0 0 0`,
      `state eth0 ${state}`,
      `rule iptables-legacy :FORWARD DROP [${drops}:60]`,
    ].join('\n');
    const where = { node: 'node-a', netns: 1, device: 'eth0' };
    return {
      at,
      devices: [{ where, ...deviceCounters(text, 'eth0') }],
      texts: new Map([['node-a 1', text]]),
    };
  };

  it('are shown with their changes', () => {
    const text = [...renderCounters(reading(3000, 12, 4, 'DOWN'), reading(1000, 10, 1, 'UP'))].join(
      '',
    );
    expect(text).toMatch(/node-a eth0 +UP → DOWN +12 \(\+2\) +7 +4 \(\+3\) +0/);
    expect(text).toContain('after 2.0 s');
    expect(text).toContain('node-a: iptables-legacy :FORWARD DROP +3');
  });
});

describe('the capture filter of the probe', () => {
  it('finds addresses inside VXLAN by their offset, and contains only valid addresses', () => {
    const filter = watchFilter(['10.244.2.2', 'x or y'], ['192.168.7.10']);
    expect(filter).toContain('udp[42:4] = 0xaf40202 or udp[46:4] = 0xaf40202');
    expect(filter).toContain('host 10.244.2.2');
    expect(filter).not.toContain('x or y');
  });
});
