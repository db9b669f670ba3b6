import { wrongUsage } from '../problem.ts';
import { allOf, anyOf, type CaptureFilter, not, test } from './capture/captureFilter.ts';

/** A named capture filter. */
export interface Preset {
  readonly name: string;
  /** The captured packets, as an object of the verb "captures". */
  readonly captures: string;
  readonly filter: CaptureFilter;
  /** What it does not capture although users may expect it, one sentence each. */
  readonly misses: readonly string[];
  /** Example arguments of a command that uses it. */
  readonly example: string;
  /** The preset excludes packets from the others instead of adding some. */
  readonly excludes?: true;
  /** The number of bytes of the TCP payload that the filter reads. */
  readonly payloadBytes?: number;
}

/** The offset of the TCP payload in an IPv4 packet, from the start of the TCP header (RFC 9293, 3.1). */
const PAYLOAD = '((tcp[12] & 0xf0) >> 2)';
/** The offset in an IPv6 packet without extension headers, from the start of its 40-byte header. */
const PAYLOAD6 = '40 + ((ip6[52] & 0xf0) >> 2)';
/** `tcp[…]` matches IPv4 only; 6 is TCP as the next header (RFC 8200, 3). */
const IS_TCP6 = test('ip6[6] = 6');

/** Renders an expression for one or more bytes of the TCP payload. */
type PayloadBytes = (offset: number, width?: 4) => string;

/** A filter on the TCP payload, for IPv4 and IPv6. */
function tcpPayloadFilter(filter: (bytes: PayloadBytes) => CaptureFilter): CaptureFilter {
  const bytesAfter =
    (protocol: string, start: string): PayloadBytes =>
    (offset, width) => {
      const place = offset === 0 ? start : `${start} + ${offset}`;
      return `${protocol}[${place}${width === undefined ? '' : `:${width}`}]`;
    };
  const filter6 = allOf([IS_TCP6, filter(bytesAfter('ip6', PAYLOAD6))]);
  return anyOf([filter(bytesAfter('tcp', PAYLOAD)), filter6]);
}

function tcpFlagFilter(name: string, bit: string): CaptureFilter {
  const inIpv6 = allOf([IS_TCP6, test(`ip6[53] & ${bit} != 0`)]);
  return anyOf([test(`tcp[tcpflags] & ${name} != 0`), inIpv6]);
}

/** The content type of a TLS record, and the types of handshake messages (RFC 8446, 5.1 and 4). */
const HANDSHAKE = '0x16';
const CLIENT_HELLO = 1;
const SERVER_HELLO = 2;

/** How HTTP/1 messages (RFC 9110, 9 and RFC 5789; RFC 9112, 4) and HTTP/2 connections (RFC 9113, 3.4) begin. */
const HTTP_PREFIXES = [
  ...['GET ', 'POST', 'PUT ', 'HEAD', 'DELETE', 'OPTIONS', 'PATCH', 'CONNECT', 'TRACE'],
  ...['HTTP', 'PRI '],
];

/** The first four characters as a number, as filters compare them. */
function firstFourBytes(text: string): string {
  return `0x${Buffer.from(text.slice(0, 4), 'latin1').toString('hex')}`;
}

const LATER_FRAGMENTS =
  'Fragments of a large UDP message after the first one: they carry no port numbers.';
const LATER_SEGMENTS = 'ACKs, retransmissions that start elsewhere, and the rest of a conversation';

export const PRESETS: readonly Preset[] = [
  {
    name: 'tls-handshake',
    captures: 'TCP segments that begin with a TLS handshake record, on any port',
    filter: tcpPayloadFilter((bytes) => test(`${bytes(0)} = ${HANDSHAKE}`)),
    misses: [
      'Later segments of a handshake message: a ClientHello with a post-quantum key share takes two.',
      'Messages that TLS 1.3 encrypts: certificates, and alerts after the hellos.',
      `${LATER_SEGMENTS}: use "tcp port 443" to analyze a connection.`,
      'QUIC and DTLS, which run over UDP.',
    ],
    example: 'capture pod-1 --preset tls-handshake -w tls.pcap',
    payloadBytes: 1,
  },
  {
    name: 'tls-hello',
    captures: 'TLS ClientHello and ServerHello messages: versions, server name, ALPN',
    filter: tcpPayloadFilter((bytes) =>
      allOf([
        test(`${bytes(0)} = ${HANDSHAKE}`),
        anyOf([CLIENT_HELLO, SERVER_HELLO].map((kind) => test(`${bytes(5)} = ${kind}`))),
      ]),
    ),
    misses: [
      'The second segment of a large ClientHello, which may contain the server name.',
      'Hellos that do not begin a segment; alerts, which tell why a handshake failed.',
      'QUIC and DTLS, which run over UDP.',
    ],
    example: 'capture svc/web --preset tls-hello -w hello.pcapng',
    payloadBytes: 6,
  },
  {
    name: 'dns',
    captures: 'DNS questions and answers over UDP and TCP',
    filter: test('port 53'),
    misses: [
      'Other ports: DNS over TLS (853) and HTTPS (443), mDNS (5353), and DNS pods that listen elsewhere, as on OpenShift (5353).',
      LATER_FRAGMENTS,
    ],
    example: 'capture deploy/web --preset dns --duration 1m',
  },
  {
    name: 'http',
    captures:
      'TCP segments that begin an HTTP/1 request or response, or an HTTP/2 connection, on any port',
    filter: tcpPayloadFilter((bytes) =>
      anyOf(HTTP_PREFIXES.map((text) => test(`${bytes(0, 4)} = ${firstFourBytes(text)}`))),
    ),
    misses: [
      'Bodies, and heads that continue in the next segment.',
      'Requests and responses within HTTP/2 (gRPC): only the start of the connection is recognized.',
      'HTTPS, which is encrypted.',
      `${LATER_SEGMENTS}: use "tcp port 80" to analyze a connection.`,
    ],
    example: 'capture pod-1 --preset http -s 512 -w http.pcap',
    payloadBytes: 4,
  },
  {
    name: 'syn',
    captures: 'TCP connection attempts and their answers (SYN, SYN-ACK)',
    filter: tcpFlagFilter('tcp-syn', '0x02'),
    misses: ['Refusals, which are RSTs. Combine it with rst.', 'Existing connections.'],
    example: 'capture pod-1 --preset syn,rst',
  },
  {
    name: 'rst',
    captures: 'TCP resets: refused and aborted connections',
    filter: tcpFlagFilter('tcp-rst', '0x04'),
    misses: [
      'Packets before the reset, which usually show its cause.',
      'Unanswered attempts and ICMP errors. Combine it with syn and icmp.',
    ],
    example: 'capture pod-1 --preset rst',
  },
  {
    name: 'icmp',
    captures: 'ICMP and ICMPv6: pings, unreachable destinations, neighbor discovery',
    filter: anyOf([test('icmp'), test('icmp6')]),
    misses: ['ICMPv6 behind a hop-by-hop header: multicast listener reports.'],
    example: 'capture pod-1 --preset icmp',
  },
  {
    name: 'arp',
    captures: 'ARP, and neighbor discovery for IPv6: who has which address',
    // Router Solicitation to Redirect (RFC 4861, 4).
    filter: anyOf([
      test('arp'),
      allOf([test('icmp6'), test('ip6[40] >= 133'), test('ip6[40] <= 137')]),
    ]),
    misses: ['Addresses that are already known, because no request is sent for them.'],
    example: 'capture pod-1 --preset arp',
  },
  {
    name: 'dhcp',
    captures: 'DHCP and DHCPv6',
    filter: anyOf([test('udp portrange 67-68'), test('udp portrange 546-547')]),
    misses: [
      'IPv6 addresses without DHCPv6, which use router advertisements. Combine it with arp.',
      LATER_FRAGMENTS,
    ],
    example: 'capture node/worker-1 --preset dhcp,arp',
  },
  {
    name: 'no-ssh',
    captures: 'everything except SSH (TCP port 22)',
    filter: not(test('tcp port 22')),
    misses: ['SSH on other ports, which is captured.'],
    example: 'capture node/worker-1 --preset no-ssh -w node.pcap',
    excludes: true,
  },
  {
    name: 'vxlan',
    captures: 'VXLAN packets between nodes (UDP ports 4789 and 8472)',
    filter: anyOf([test('udp port 4789'), test('udp port 8472')]),
    misses: [
      'Other ports, and other tunnels: Geneve (6081), IP in IP, WireGuard.',
      'The packets inside cannot be selected: --peer and expressions match the addresses of nodes.',
      LATER_FRAGMENTS,
    ],
    example: 'capture node/worker-1 --preset vxlan -w vxlan.pcap',
  },
  {
    name: 'path-mtu',
    captures: 'messages that a packet was too big (ICMP, ICMPv6), and IP fragments',
    // ICMP type 3 code 4 (RFC 1191, 4), ICMPv6 type 2 (RFC 4443, 3.2), next header 44 (RFC 8200, 4.5).
    filter: anyOf([
      allOf([test('icmp[icmptype] = icmp-unreach'), test('icmp[icmpcode] = 4')]),
      allOf([test('icmp6'), test('ip6[40] = 2')]),
      test('ip[6:2] & 0x3fff != 0'),
      test('ip6[6] = 44'),
    ]),
    misses: [
      'Black holes: routers that drop big packets without a message. Capture the connection and look for a big segment that is retransmitted repeatedly.',
    ],
    example: 'capture pod-1 --preset path-mtu,syn -w mtu.pcap',
  },
];

/** What no preset captures, one sentence each. */
export const COMMON_LIMITS: readonly string[] = [
  'IPv6 packets with extension headers before TCP, UDP or ICMPv6: kernel filters do not skip these.',
  'Packets inside VLANs or tunnels. For VLANs, add the expression vlan.',
];

/** The presets with these names, without duplicates, in the order given. Throws a Problem for an unknown name. */
export function findPresets(names: readonly string[]): readonly Preset[] {
  return [...new Set(names)].map((name) => {
    const preset = PRESETS.find((candidate) => candidate.name === name);
    if (preset) return preset;
    throw wrongUsage(
      `unknown preset "${name}"`,
      `presets are: ${PRESETS.map((preset) => preset.name).join(', ')}`,
      'kubectl netdebug presets   describes the presets',
    );
  });
}

/**
 * Captures packets that match any of the presets, without those that one of them excludes.
 *
 * If a kernel filter reads beyond the end of a packet, the packet is dropped without evaluating further tests (bpf(4)).
 * So presets that read less of the payload come first.
 */
export function presetFilter(presets: readonly Preset[]): CaptureFilter {
  const depth = ({ payloadBytes = 0 }: Preset) => payloadBytes;
  const including = presets.filter(({ excludes }) => !excludes).sort((a, b) => depth(a) - depth(b));
  const excluding = presets.filter(({ excludes }) => excludes).map(({ filter }) => filter);
  const included = including.length === 0 ? [] : [anyOf(including.map(({ filter }) => filter))];
  return allOf([...included, ...excluding]);
}
