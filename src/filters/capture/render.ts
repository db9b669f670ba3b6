import { type Condition, type Operator, TCP_FLAGS } from '../condition.ts';
import type { NotExpressible } from '../display/render.ts';
import { parseNetwork } from '../network.ts';
import { PRESETS } from '../presets.ts';
import {
  allOf,
  anyOf,
  type CaptureFilter,
  expression,
  not,
  renderCaptureFilter,
  test,
} from './captureFilter.ts';

/** Protocols that have another name in capture filters, or can only be recognized by their port. */
const PROTOCOLS: Readonly<Record<string, CaptureFilter>> = {
  icmpv6: test('icmp6'),
  ipv6: test('ip6'),
  ...Object.fromEntries(
    ['tcp', 'udp', 'icmp', 'arp', 'ip', 'sctp', 'igmp', 'esp', 'ah', 'vlan'].map((name) => [
      name,
      test(name),
    ]),
  ),
  ...Object.fromEntries(
    [
      ['dns', 'dns'],
      ['http', 'http'],
      ['vxlan', 'vxlan'],
      ['dhcp', 'dhcp'],
      ['dhcpv6', 'dhcp'],
    ].map(([protocol, preset]) => [
      protocol,
      PRESETS.find(({ name }) => name === preset)?.filter ?? test('ip'),
    ]),
  ),
  ssh: test('tcp port 22'),
};

/** Alternatives for protocols that the kernel cannot recognize. */
const ALTERNATIVES: Readonly<Record<string, string>> = {
  tls: '--preset tls-handshake captures its handshakes; "tcp port 443" captures whole connections',
  https:
    '--preset tls-handshake captures its handshakes; "tcp port 443" captures whole connections',
  http2: '--preset http captures the start of its connections',
  grpc: '--preset http captures the start of its connections',
  quic: 'capture "udp port 443"',
};

/** The capture filter for a condition, or the reasons why there is none. */
function toCaptureFilter(condition: Condition): CaptureFilter | NotExpressible {
  const reasons: string[] = [];
  const filter = convert(condition, reasons);
  return reasons.length > 0 ? { reasons: [...new Set(reasons)] } : filter;
}

/** The capture filter for a condition as text, or the reasons why there is none. */
export function renderAsCapture(condition: Condition): string | NotExpressible {
  const filter = toCaptureFilter(condition);
  return 'reasons' in filter ? filter : (renderCaptureFilter(filter) ?? '');
}

function convert(condition: Condition, reasons: string[]): CaptureFilter {
  const notExpressible = (reason: string): CaptureFilter => {
    reasons.push(reason);
    return test('ip');
  };
  switch (condition.kind) {
    case 'all':
      return allOf(condition.of.map((operand) => convert(operand, reasons)));
    case 'any':
      return anyOf(condition.of.map((operand) => convert(operand, reasons)));
    case 'not':
      return not(convert(condition.of, reasons));
    case 'protocol': {
      const { name } = condition;
      if (Object.hasOwn(PROTOCOLS, name)) return PROTOCOLS[name] ?? test(name);
      const alternative = Object.hasOwn(ALTERNATIVES, name) ? `: ${ALTERNATIVES[name]}` : '';
      return notExpressible(`the kernel cannot tell ${name} from other packets${alternative}`);
    }
    case 'address':
      return test(`${DIRECTIONS[condition.direction]}${addressText(condition)}`);
    case 'port': {
      const { protocol, direction, first, last } = condition;
      const range = first === last ? `port ${first}` : `portrange ${first}-${last}`;
      return test(
        `${protocol === undefined ? '' : `${protocol} `}${DIRECTIONS[direction]}${range}`,
      );
    }
    case 'flag':
      return flagFilter(condition);
    case 'length':
      return lengthFilter(condition);
    case 'time':
      return notExpressible(
        'capture filters cannot match times: use --duration, or read --from and --to afterwards',
      );
    case 'payload':
      return notExpressible(
        'a capture filter cannot search the payload: filter afterwards, with read -Y',
      );
    default:
      return condition.language === 'capture'
        ? expression(condition.text)
        : notExpressible(
            `"${condition.text}" has no capture filter: filter afterwards, with read -Y`,
          );
  }
}

const DIRECTIONS = { either: '', source: 'src ', destination: 'dst ' } as const;

function addressText(condition: Extract<Condition, { kind: 'address' }>): string {
  const { address, family, prefix } = condition;
  if (family === 'mac') return `ether host ${address}`;
  if (prefix === undefined) return `host ${address}`;
  return `net ${parseNetwork(`${address}/${prefix}`) ?? `${address}/${prefix}`}`;
}

function flagFilter({ name, set }: Extract<Condition, { kind: 'flag' }>): CaptureFilter {
  const bit = `0x${TCP_FLAGS[name].toString(16).padStart(2, '0')}`;
  const compare = set ? '!= 0' : '= 0';
  // The flags are at offset 13 of the TCP header, which follows the 40 bytes of the IPv6 header (6 is TCP).
  return anyOf([
    test(`tcp[13] & ${bit} ${compare}`),
    allOf([test('ip6[6] = 6'), test(`ip6[53] & ${bit} ${compare}`)]),
  ]);
}

const OPERATORS: Readonly<Record<Operator, string>> = {
  '==': '=',
  '!=': '!=',
  '<': '<',
  '<=': '<=',
  '>': '>',
  '>=': '>=',
};

function lengthFilter(condition: Extract<Condition, { kind: 'length' }>): CaptureFilter {
  const compare = `${OPERATORS[condition.operator]} ${condition.bytes}`;
  if (condition.of === 'frame') return test(`len ${compare}`);
  // IPv4: the total length without both headers. IPv6: the payload length without the TCP header.
  return anyOf([
    allOf([
      test('tcp'),
      test(`ip[2:2] - ((ip[0] & 0x0f) << 2) - ((tcp[12] & 0xf0) >> 2) ${compare}`),
    ]),
    allOf([test('ip6[6] = 6'), test(`ip6[4:2] - ((ip6[52] & 0xf0) >> 2) ${compare}`)]),
  ]);
}
