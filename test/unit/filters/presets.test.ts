import { describe, expect, it } from 'vitest';
import { renderCaptureFilter } from '../../../src/filters/capture/captureFilter.ts';
import { findPresets, PRESETS, presetFilter } from '../../../src/filters/presets.ts';
import { Problem } from '../../../src/problem.ts';
import { fileOf, icmp, ip, LINKS, tcp, udp } from './support/packets.ts';
import { selected } from './support/tcpdump.ts';

function expressionOf(...names: string[]): string {
  return renderCaptureFilter(presetFilter(findPresets(names))) ?? '';
}

const SYN = 0x02;
const RST = 0x04;
const FRAGMENT_HEADER = Buffer.from([17, 0, 0, 1, 0, 0, 0, 1]);
const record = (kind: number) => Buffer.from([0x16, 3, 1, 0, 4, kind, 0, 0, 0]);
const timestamps = Buffer.from([1, 1, 8, 10, 0, 0, 0, 1, 0, 0, 0, 2]);

/** One packet of each kind in one family, and the presets that capture it. */
function packetsOf(family: 4 | 6) {
  const only = <T>(of: 4 | 6, values: T[]): T[] => (of === family ? values : []);
  return [
    { what: 'a SYN', packet: tcp('', { family, flags: SYN }), by: ['syn'] },
    { what: 'a SYN-ACK', packet: tcp('', { family, flags: SYN | 0x10 }), by: ['syn'] },
    {
      what: 'a SYN with options',
      packet: tcp('', { family, flags: SYN, options: timestamps }),
      by: ['syn'],
    },
    { what: 'an RST', packet: tcp('', { family, flags: RST }), by: ['rst'] },
    { what: 'an ACK', packet: tcp('', { family, flags: 0x10 }), by: [] },
    {
      what: 'a ClientHello',
      packet: tcp(record(1), { family }),
      by: ['tls-handshake', 'tls-hello'],
    },
    {
      what: 'a ServerHello',
      packet: tcp(record(2), { family, options: timestamps }),
      by: ['tls-handshake', 'tls-hello'],
    },
    { what: 'a TLS certificate', packet: tcp(record(11), { family }), by: ['tls-handshake'] },
    {
      what: 'the first byte of a handshake',
      packet: tcp(Buffer.from([0x16]), { family }),
      by: ['tls-handshake'],
    },
    {
      what: 'TLS data',
      packet: tcp(Buffer.from([0x17, 3, 3, 0, 4, 1, 2, 3, 4]), { family }),
      by: [],
    },
    { what: 'a GET', packet: tcp('GET / HTTP/1.1\r\n', { family }), by: ['http'] },
    {
      what: 'a PATCH',
      packet: tcp('PATCH / HTTP/1.1\r\n', { family, options: timestamps }),
      by: ['http'],
    },
    { what: 'an HTTP response', packet: tcp('HTTP/1.1 200 OK\r\n', { family }), by: ['http'] },
    { what: 'the start of HTTP/2', packet: tcp('PRI * HTTP/2.0\r\n', { family }), by: ['http'] },
    { what: 'two bytes', packet: tcp('GE', { family }), by: [] },
    { what: 'DNS', packet: udp(Buffer.alloc(20), family, [40_000, 53]), by: ['dns'] },
    { what: 'DNS over TCP', packet: tcp('xx', { family, ports: [53, 40_000] }), by: ['dns'] },
    { what: 'mDNS', packet: udp(Buffer.alloc(20), family, [5353, 5353]), by: [] },
    { what: 'a ping', packet: icmp(family, family === 4 ? 8 : 128), by: ['icmp'] },
    {
      what: 'a packet that was too big',
      packet: icmp(family, family === 4 ? 3 : 2, family === 4 ? 4 : 0),
      by: ['icmp', 'path-mtu'],
    },
    {
      what: 'an unreachable port',
      packet: icmp(family, family === 4 ? 3 : 1, family === 4 ? 3 : 4),
      by: ['icmp'],
    },
    {
      what: 'DHCP',
      packet: udp(Buffer.alloc(20), family, family === 4 ? [68, 67] : [546, 547]),
      by: ['dhcp'],
    },
    { what: 'SSH', packet: tcp('SSH-2.0', { family, ports: [40_000, 22] }), by: [] },
    { what: 'VXLAN', packet: udp(Buffer.alloc(60), family, [40_000, 4789]), by: ['vxlan'] },
    {
      what: 'VXLAN of flannel',
      packet: udp(Buffer.alloc(60), family, [40_000, 8472]),
      by: ['vxlan'],
    },
    ...only(4, [
      {
        what: 'a first fragment',
        packet: ip(Buffer.alloc(64), { family, protocol: 17, fragment: 0x2000 }),
        by: ['path-mtu'],
      },
      {
        what: 'a last fragment',
        packet: ip(Buffer.alloc(64), { family, protocol: 6, fragment: 0x0010 }),
        by: ['path-mtu'],
      },
      {
        what: 'a ClientHello after IP options',
        packet: tcp(record(1), { family, ipOptions: Buffer.alloc(8, 1) }),
        by: ['tls-handshake', 'tls-hello'],
      },
    ]),
    ...only(6, [
      {
        what: 'a fragment',
        packet: ip(Buffer.alloc(64), { family, protocol: 44, options: FRAGMENT_HEADER }),
        by: ['path-mtu'],
      },
      { what: 'a neighbor solicitation', packet: icmp(6, 135), by: ['icmp', 'arp'] },
      { what: 'a router advertisement', packet: icmp(6, 134), by: ['icmp', 'arp'] },
    ]),
  ];
}

const PACKETS = [
  ...packetsOf(4).map((sample) => ({ ...sample, what: `${sample.what} (IPv4)` })),
  ...packetsOf(6).map((sample) => ({ ...sample, what: `${sample.what} (IPv6)` })),
];
const ARP = Buffer.concat([Buffer.from([0, 1, 8, 0, 6, 4, 0, 1]), Buffer.alloc(20)]);

describe.each(Object.entries(LINKS))('presets on %s', (link, { linkType, frame }) => {
  const packets = PACKETS.map((sample) => ({ ...sample, frame: frame(sample.packet) }));
  if (link !== 'raw IP')
    packets.push({ what: 'ARP', packet: ARP, by: ['arp'], frame: frame(ARP, 0x0806) });
  const file = fileOf(
    packets.map((packet) => packet.frame),
    linkType,
  );
  const captured = (expression: string) => {
    const places = new Set(selected(file, expression));
    return packets.filter((_, place) => places.has(place)).map(({ what }) => what);
  };
  const expected = (...names: string[]) =>
    packets.filter(({ by }) => names.some((name) => by.includes(name))).map(({ what }) => what);
  const additive = PRESETS.filter(({ excludes }) => !excludes).map(({ name }) => name);

  it.each(additive.filter((name) => name !== 'arp' || link !== 'raw IP'))('%s', (name) => {
    expect(expected(name)).not.toEqual([]);
    expect(captured(expressionOf(name))).toEqual(expected(name));
  });

  it('no-ssh', () => {
    const all = packets.map(({ what }) => what).filter((what) => !what.startsWith('SSH'));
    expect(captured(expressionOf('no-ssh'))).toEqual(all);
  });

  it('pairs capture what each of the two captures, in either order', () => {
    const wrong: string[] = [];
    const names = additive.filter((name) => name !== 'arp');
    for (const name of names)
      for (const other of names) {
        const matching = captured(expressionOf(name, other)).join();
        if (matching !== expected(name, other).join()) wrong.push(`${name},${other}`);
      }
    expect(wrong).toEqual([]);
  });

  it('all of them combined', () => {
    const names = additive.filter((name) => name !== 'arp' || link !== 'raw IP');
    expect(captured(expressionOf(...names, 'no-ssh'))).toEqual(expected(...names));
  });
});

it('an unknown preset is a usage error', () => {
  expect(() => findPresets(['dns', 'tls'])).toThrow(Problem);
});
