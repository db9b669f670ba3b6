import { isIP } from 'node:net';
import { wrongUsage } from '../problem.ts';
import {
  all,
  any,
  type Condition,
  type DirectionQualifier,
  type Operator,
  TCP_FLAGS,
  type TcpFlag,
} from './condition.ts';
import { parseNetwork } from './network.ts';
import { epochSeconds } from './times.ts';

/** The values of the flags that describe a filter. Several values of one flag are alternatives. */
export interface FilterRequest {
  readonly address?: readonly string[];
  readonly source?: readonly string[];
  readonly destination?: readonly string[];
  readonly port?: readonly string[];
  readonly protocol?: readonly string[];
  readonly flags?: readonly string[];
  /** `>1000`, `<=60`, `100`. */
  readonly length?: string;
  readonly contains?: string;
  readonly from?: string;
  readonly to?: string;
}

/** The condition that matches all wishes. Throws a Problem for an invalid value. */
export function buildCondition(request: FilterRequest): Condition {
  const { protocol = [], port = [], flags = [] } = request;
  const transports = protocol.filter((name) => /^(tcp|udp|sctp)$/.test(name));
  const ports = port.flatMap((text) =>
    (transports.length === 0 ? [undefined] : transports).map((transport) =>
      parsePort(text, transport),
    ),
  );
  // The port conditions include the protocol.
  const protocols = ports.length > 0 && transports.length > 0 ? [] : protocol.map(parseProtocol);
  const groups: Condition[][] = [
    (request.address ?? []).map((text) => parseAddressFilter('--address', text, 'either')),
    (request.source ?? []).map((text) => parseAddressFilter('--source', text, 'source')),
    (request.destination ?? []).map((text) =>
      parseAddressFilter('--destination', text, 'destination'),
    ),
    protocols,
    ports,
    flags.map(parseFlag),
    request.length === undefined ? [] : [parseLength(request.length)],
    request.contains === undefined ? [] : [{ kind: 'payload', text: request.contains }],
    request.from === undefined ? [] : [parseTimeCondition(request.from, '>=')],
    request.to === undefined ? [] : [parseTimeCondition(request.to, '<=')],
  ];
  return all(groups.filter((group) => group.length > 0).map(any));
}

/** Parses a time into seconds since 1970. Throws a Problem if it is invalid. */
export function parseTimeCondition(
  text: string,
  operator: Operator,
): Extract<Condition, { kind: 'time' }> {
  const seconds = epochSeconds(text);
  if (seconds === undefined)
    throw wrongUsage(
      'invalid time',
      'write it as "2024-02-01 14:05:30" (local time), "2024-02-01T14:05:30Z" (UTC), 14:05 (today), or seconds since 1970',
    );
  return { kind: 'time', operator, seconds };
}

function parseAddressFilter(flag: string, text: string, direction: DirectionQualifier): Condition {
  const isMac = /^([\da-f]{2}:){5}[\da-f]{2}$/i.test(text);
  if (isMac && direction === 'either')
    return { kind: 'address', direction, address: text, family: 'mac' };
  const network = parseNetwork(text);
  const [address = '', prefix] = (network ?? text).split('/');
  const family = isIP(address);
  if ((family !== 4 && family !== 6) || (network === undefined && text.includes('/')))
    throw wrongUsage(
      `${flag}: "${text}" is not an address or a network`,
      'as in: 10.1.2.3, 10.1.0.0/16, fd00::1',
    );
  return {
    kind: 'address',
    direction,
    address,
    family,
    ...(prefix !== undefined && { prefix: Number(prefix) }),
  };
}

function parsePort(text: string, protocol: string | undefined): Condition {
  const [, first = '', last = first] = /^(\d+)(?:-(\d+))?$/.exec(text) ?? [];
  const ports = { first: Number(first), last: Number(last) };
  if (first === '' || ports.last > 65_535 || ports.first > ports.last)
    throw wrongUsage(`--port: "${text}" is not a port`, 'as in: 80, 8000-8080');
  return {
    kind: 'port',
    direction: 'either',
    ...(protocol !== undefined && { protocol }),
    ...ports,
  };
}

const PROTOCOLS = [
  'tcp',
  'udp',
  'sctp',
  'icmp',
  'icmpv6',
  'arp',
  'ip',
  'ipv6',
  'dns',
  'http',
  'tls',
  'dhcp',
  'vxlan',
];

function parseProtocol(name: string): Condition {
  if (PROTOCOLS.includes(name)) return { kind: 'protocol', name };
  throw wrongUsage(`--protocol: "${name}" must be one of ${PROTOCOLS.join(', ')}`);
}

function parseFlag(name: string): Condition {
  const flag = { rst: 'reset', psh: 'push' }[name] ?? name;
  if (Object.hasOwn(TCP_FLAGS, flag)) return { kind: 'flag', name: flag as TcpFlag, set: true };
  throw wrongUsage(`--flags: "${name}" is not one of syn, ack, fin, rst, psh, urg`);
}

function parseLength(text: string): Condition {
  const [, operator = '==', bytes] = /^(<=|>=|==|!=|<|>)?\s*(\d+)$/.exec(text) ?? [];
  if (bytes === undefined)
    throw wrongUsage(`--length: "${text}" is not a length`, "as in: '>1000', '<=60', 1514");
  return { kind: 'length', of: 'frame', operator: operator as Operator, bytes: Number(bytes) };
}
