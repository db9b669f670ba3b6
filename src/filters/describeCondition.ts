import type { Condition, Operator } from './condition.ts';

/** Describes the selected packets, as a continuation of "packets that …". */
export function describeCondition(condition: Condition): string {
  switch (condition.kind) {
    case 'all':
      if (condition.of.length === 0) return 'all packets';
      return condition.of.map(describePart).join(' and ');
    case 'any':
      return condition.of.map(describePart).join(' or ');
    case 'not':
      return `not ${describePart(condition.of)}`;
    case 'protocol':
      return PROTOCOLS[condition.name] ?? condition.name.toUpperCase();
    case 'address': {
      const { direction, address, prefix } = condition;
      const host = prefix === undefined ? address : `network ${address}/${prefix}`;
      return `${DIRECTIONS[direction]} ${host}`;
    }
    case 'port': {
      const { protocol, direction, first, last } = condition;
      const ports = first === last ? `port ${first}` : `ports ${first} to ${last}`;
      return `${DIRECTIONS[direction]} ${protocol === undefined ? '' : `${protocol.toUpperCase()} `}${ports}`;
    }
    case 'flag':
      return `TCP with the ${FLAGS[condition.name]} flag ${condition.set ? 'set' : 'not set'}`;
    case 'length': {
      const what = condition.of === 'frame' ? 'length' : 'TCP payload length';
      return `${what} ${OPERATORS[condition.operator]} ${condition.bytes} bytes`;
    }
    case 'time':
      return `time ${TIMES[condition.operator]} ${new Date(Number(condition.seconds) * 1000).toISOString()}`;
    case 'payload':
      return `containing the text ${JSON.stringify(condition.text)}`;
    default:
      return `matching ${condition.text}`;
  }
}

/** Alternatives inside another condition are put in parentheses. */
function describePart(condition: Condition): string {
  const needsParentheses = condition.kind === 'all' || condition.kind === 'any';
  return needsParentheses ? `(${describeCondition(condition)})` : describeCondition(condition);
}

const PROTOCOLS: Readonly<Record<string, string>> = {
  ip: 'IPv4',
  ipv6: 'IPv6',
  icmpv6: 'ICMPv6',
  http2: 'HTTP/2',
  grpc: 'gRPC',
  eth: 'Ethernet',
};
const DIRECTIONS = { either: 'from or to', source: 'from', destination: 'to' } as const;
const FLAGS = {
  fin: 'FIN',
  syn: 'SYN',
  reset: 'RST',
  push: 'PSH',
  ack: 'ACK',
  urg: 'URG',
} as const;
const OPERATORS: Readonly<Record<Operator, string>> = {
  '==': 'of',
  '!=': 'other than',
  '<': 'under',
  '<=': 'of at most',
  '>': 'over',
  '>=': 'of at least',
};
const TIMES: Readonly<Record<Operator, string>> = {
  '==': 'of',
  '!=': 'other than',
  '<': 'before',
  '<=': 'up to',
  '>': 'after',
  '>=': 'from',
};
