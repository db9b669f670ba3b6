import { describe, expect, it } from 'vitest';
import { checkCaptureFilter, checkDisplayFilter } from '../../../src/filters/check.ts';
import { explainFilter } from '../../../src/filters/explain.ts';
import { Problem } from '../../../src/problem.ts';
import { acceptedByTcpdump, refusedByTshark } from './support/programs.ts';

/** Refused filters, and their corrections. */
const DISPLAY_ERRORS: readonly (readonly [wrong: string, right: string])[] = [
  ['tcp.flags.rst eq 1', 'tcp.flags.reset eq 1'],
  ['tcp.flags.rst', 'tcp.flags.reset == 1'],
  ['tcp.port = 80', 'tcp.port == 80'],
  ['tcp.port => 1024', 'tcp.port >= 1024'],
  ['tcp.port <> 80 and ip', 'tcp.port != 80 and ip'],
  ['tcp.port == 80 AND ip', 'tcp.port == 80 and ip'],
  ['tcp.port == 80 & ip', 'tcp.port == 80 && ip'],
  ['tcp.port == 80 | udp', 'tcp.port == 80 || udp'],
  ['tcp.port == 80 or 443', 'tcp.port in {80, 443}'],
  ['ip.addr == 10.0.0.1 or 10.0.0.2 and tcp', 'ip.addr in {10.0.0.1, 10.0.0.2} and tcp'],
  ['tcp.port in {80 443}', 'tcp.port in {80, 443}'],
  ['tcp.port == 80-90', 'tcp.port in {80..90}'],
  ['tcp.dport == 80', 'tcp.dstport == 80'],
  ['tcp.port == http', 'tcp.port == 80'],
  ['tcp.port == "80"', 'tcp.port == 80'],
  ['ip.addr == "10.0.0.1"', 'ip.addr == 10.0.0.1'],
  ['ip.addr == 10.0.*', 'ip.addr == 10.0.0.0/16'],
  ['ip.src contains 10.0', 'ip.src == 10.0.0.0/16'],
  ['ip.addr == fd00::1', 'ipv6.addr == fd00::1'],
  ['ipv6.src == 10.0.0.1', 'ip.src == 10.0.0.1'],
  ["http.host == 'example.com'", 'http.host == "example.com"'],
  ['http.host == “example.com”', 'http.host == "example.com"'],
  ['tcp.flags.syn == true', 'tcp.flags.syn == 1'],
  ['tcp.flags == SYN', 'tcp.flags.syn == 1'],
  ['tcp.flags == SYN+ACK', 'tcp.flags.syn == 1 && tcp.flags.ack == 1'],
  ['http.status == 500', 'http.response.code == 500'],
  ['tls.sni contains "example"', 'tls.handshake.extensions_server_name contains "example"'],
  ['https or icmp6', 'tls or icmpv6'],
  ['dns.name == "example.com"', 'dns.qry.name == "example.com"'],
];

/** Accepted filters with another meaning than expected, and their corrections. */
const DISPLAY_NOTES: readonly (readonly [written: string, meant: string])[] = [
  ['ip.addr != 10.0.0.1', '!(ip.addr == 10.0.0.1)'],
  ['tcp.port ne 80', '!(tcp.port == 80)'],
  ['tcp.flags.reset && ip', 'tcp.flags.reset == 1 && ip'],
  ['!tcp.flags.ack', '!tcp.flags.ack == 1'],
  ['frame.time >= "2024-02-01T00:00:00Z"', 'frame.time_epoch >= 1706745600'],
  ['frame.time < "2024-02-01 01:00:00.25 UTC"', 'frame.time_epoch < 1706749200.25'],
];

const CAPTURE_ERRORS: readonly (readonly [wrong: string, right: string])[] = [
  ['port 80,443', '(port 80 or port 443)'],
  [
    'tcp dst port 80, 443 and host 10.0.0.1',
    '(tcp dst port 80 or tcp dst port 443) and host 10.0.0.1',
  ],
  ['port 80-90', 'portrange 80-90'],
  ['udp port 80-90', 'udp portrange 80-90'],
  ['port = 80', 'port 80'],
  ['tcp port != 80', 'not tcp port 80'],
  ['host == 10.0.0.1', 'host 10.0.0.1'],
  ['ip 10.0.0.1', 'host 10.0.0.1'],
  ['from 10.0.0.1', 'src host 10.0.0.1'],
  ['host 10.0.0.0/24', 'net 10.0.0.0/24'],
  ['net 10.0.0.5/24', 'net 10.0.0.0/24'],
  ['host 10.0.*', 'net 10.0.0.0/16'],
  ['port 80 AND host 10.0.0.1', 'port 80 and host 10.0.0.1'],
  ['icmpv6 or ipv6', 'icmp6 or ip6'],
  ['dns or port 80', 'port 53 or port 80'],
  ['not ssh and ip host 10.0.0.1', 'not tcp port 22 and ip host 10.0.0.1'],
];

const VALID_CAPTURE = [
  'tcp',
  'port 80',
  'host 10.0.0.1 and port 80 or 443',
  'src or dst net 10.0.0.0/8 and not (tcp port 22 or icmp6)',
  'tcp[((tcp[12] & 0xf0) >> 2)] = 0x16',
  'tcp[tcpflags] & (tcp-syn|tcp-fin) != 0 and not src and dst net 10.0.0.0/8',
  'ether host 00:11:22:33:44:55',
  'vlan 5 and ip proto 6',
  'ip[2:2] - ((ip[0] & 0xf) << 2) > 100 or greater 100',
  'ip host 10.0.0.1 or ip6 host fd00::1',
  'icmp[icmptype] = icmp-echo',
  'tcp dst port (80 or 443)',
  'len >= 100',
];

describe('a mistake in a display filter', () => {
  it.each([...DISPLAY_ERRORS, ...DISPLAY_NOTES])(
    'is corrected: %s becomes %s',
    (written, meant) => {
      const { corrected, problem, corrections } = explainFilter(written, 'display');
      expect([corrected, problem]).toEqual([meant, undefined]);
      expect(corrections.every(({ why }) => why.endsWith('.'))).toBe(true);
    },
  );

  it('is also refused by tshark, which accepts the correction', () => {
    const wrong = DISPLAY_ERRORS.slice(0, 3).map(([text]) => text);
    expect(refusedByTshark(wrong)).toEqual(wrong);
    expect(refusedByTshark(DISPLAY_ERRORS.map(([, right]) => right))).toEqual([]);
    expect(refusedByTshark(DISPLAY_NOTES.flat())).toEqual([]);
  });

  it.each(DISPLAY_ERRORS)('%s is refused by read -Y with a correction', (wrong, right) => {
    const error = thrownBy(() => checkDisplayFilter(wrong));
    expect(error?.next.at(-1)).toBe(`did you mean: ${right}`);
  });

  it.each(DISPLAY_NOTES)('%s is accepted by read -Y with a note', (written, meant) => {
    expect(checkDisplayFilter(written).notes.join()).toContain(
      meant.replace(' && ip', '').replace('!tcp', 'tcp'),
    );
  });

  it.each(DISPLAY_ERRORS)('%s needs no second correction', (_, right) => {
    const again = explainFilter(right, 'display').corrections.filter(
      ({ kind }) => kind === 'error',
    );
    expect(again).toEqual([]);
  });
});

describe('a mistake in a capture filter', () => {
  it.each(CAPTURE_ERRORS)('is corrected: %s becomes %s, which tcpdump accepts', (wrong, right) => {
    expect(acceptedByTcpdump(wrong)).toBe(false);
    const { corrected, problem } = explainFilter(wrong, 'capture');
    expect([corrected, problem]).toEqual([right, undefined]);
    expect(acceptedByTcpdump(right)).toBe(true);
    expect(thrownBy(() => checkCaptureFilter(wrong))?.next.at(-1)).toBe(`did you mean: ${right}`);
  });

  it.each(VALID_CAPTURE)('is not found in: %s', (text) => {
    expect(acceptedByTcpdump(text)).toBe(true);
    expect(() => checkCaptureFilter(text)).not.toThrow();
    expect(explainFilter(text, 'capture')).toMatchObject({ corrections: [], corrected: text });
  });

  it('can be a missing parenthesis', () => {
    expect(thrownBy(() => checkCaptureFilter('(port 80 and (udp)'))?.exitCode).toBe(2);
  });
});

describe('a filter in the other language', () => {
  it.each([
    ['tcp.port == 80', 'tcp port 80'],
    ['ip.addr == 10.0.0.1 && !arp', 'host 10.0.0.1 and not arp'],
    [
      'ip.src==10.0.0.0/8 or udp.dstport in {53, 5353}',
      'src net 10.0.0.0/8 or udp dst port 53 or udp dst port 5353',
    ],
    [
      'tcp.flags.rst eq 1 and ipv6',
      '(tcp[13] & 0x04 != 0 or (ip6[6] = 6 and ip6[53] & 0x04 != 0)) and ip6',
    ],
    ['eth.addr == 00:11:22:33:44:55', 'ether host 00:11:22:33:44:55'],
    ['frame.len > 100 and tcp.len == 0', undefined],
  ])('is corrected to a capture filter: %s', (display, capture) => {
    const error = thrownBy(() => checkCaptureFilter(display));
    const [, offered = ''] = /^did you mean: (.*)$/.exec(error?.next[0] ?? '') ?? [];
    if (capture !== undefined) expect(offered).toBe(capture);
    expect(acceptedByTcpdump(offered)).toBe(true);
  });

  it('is refused with the reason if capture filters cannot express it', () => {
    const error = thrownBy(() => checkCaptureFilter('http.host contains "x"'));
    expect(error?.next.join()).toMatch(/read -Y/);
  });

  it('is corrected to a display filter, which tshark accepts', () => {
    const offered = [
      'port 80',
      'host 10.0.0.1 and tcp portrange 80-90',
      'not net fd00::/64',
      'icmp6',
      'tcp[tcpflags] & tcp-syn != 0',
    ].map(
      (text) =>
        thrownBy(() => checkDisplayFilter(text))
          ?.next.at(-1)
          ?.replace('did you mean: ', '') ?? '',
    );
    expect(offered[1]).toBe('ip.addr == 10.0.0.1 && tcp.port in {80..90}');
    expect(refusedByTshark(offered)).toEqual([]);
  });

  it('is not assumed for a host name that looks like a field', () => {
    expect(() => checkCaptureFilter('host tcp.example.com')).not.toThrow();
  });
});

function thrownBy(run: () => unknown): Problem | undefined {
  try {
    run();
  } catch (error) {
    if (error instanceof Problem) return error;
    throw error;
  }
  return undefined;
}
