import {
  addressCondition,
  all,
  any,
  type Condition,
  type DirectionQualifier,
  type Operator,
  TCP_FLAGS,
  type TcpFlag,
} from '../condition.ts';
import {
  type DisplayExpression,
  type Field,
  type FilterValue,
  parseDisplayFilter,
} from './parse.ts';

/** Parses a display filter. Throws DisplaySyntaxError. */
export function conditionOfDisplay(text: string): Condition {
  return conditionOf(parseDisplayFilter(text));
}

function conditionOf(expression: DisplayExpression): Condition {
  switch (expression.kind) {
    case 'and':
      return all(expression.of.map(conditionOf));
    case 'or':
      return any(expression.of.map(conditionOf));
    case 'not':
      return { kind: 'not', of: conditionOf(expression.of) };
    case 'exists':
      return existence(expression.field);
    case 'in':
      return membership(expression);
    case 'compare':
      return comparison(expression) ?? other(expression);
    default:
      return other(expression);
  }
}

/** Fields of addresses and ports, and the direction that each selects. */
const ADDRESSES: Readonly<Record<string, DirectionQualifier>> = {
  'ip.addr': 'either',
  'ip.src': 'source',
  'ip.dst': 'destination',
  'ip.host': 'either',
  'ip.src_host': 'source',
  'ip.dst_host': 'destination',
  'ipv6.addr': 'either',
  'ipv6.src': 'source',
  'ipv6.dst': 'destination',
  'eth.addr': 'either',
  'eth.src': 'source',
  'eth.dst': 'destination',
};
const PORTS = /^(tcp|udp|sctp)\.(port|srcport|dstport)$/;
const DIRECTIONS: Readonly<Record<string, DirectionQualifier>> = {
  port: 'either',
  srcport: 'source',
  dstport: 'destination',
};
const OPERATORS: readonly string[] = ['==', '!=', '<', '<=', '>', '>='] satisfies Operator[];

/** A name without a dot is a protocol. */
function existence(field: Field): Condition {
  const isProtocol = /^[a-z][\w-]*$/.test(field.name) && !field.slice && !field.function;
  return isProtocol
    ? { kind: 'protocol', name: field.name }
    : { kind: 'other', language: 'display', text: fieldText(field) };
}

type Compare = Extract<DisplayExpression, { kind: 'compare' }>;

function comparison({ field, operator, value }: Compare): Condition | undefined {
  if (field.function !== undefined || field.slice !== undefined) return undefined;
  const { name } = field;
  if (operator === 'contains' && /^(frame|(tcp|udp)(\.payload)?|data(\.data)?)$/.test(name))
    return { kind: 'payload', text: value.text };
  if (!OPERATORS.includes(operator)) return undefined;
  const compared = operator as Operator;
  const is = (condition: Condition): Condition | undefined =>
    compared === '==' ? condition : compared === '!=' ? { kind: 'not', of: condition } : undefined;
  const address = Object.hasOwn(ADDRESSES, name) ? addressOf(name, value.text) : undefined;
  if (address) return is(address);
  const port = portsOf(name, value, value);
  if (port) return is(port);
  const flag = /^tcp\.flags\.(\w+)$/.exec(name)?.[1];
  if (
    flag !== undefined &&
    Object.hasOwn(TCP_FLAGS, flag) &&
    /^(1|0|true|false)$/i.test(value.text)
  )
    return is({ kind: 'flag', name: flag as TcpFlag, set: /^(1|true)$/i.test(value.text) });
  const isNumber = /^\d+$/.test(value.text);
  if (isNumber && (name === 'frame.len' || name === 'tcp.len')) {
    const of = name === 'frame.len' ? 'frame' : 'tcp payload';
    return { kind: 'length', of, operator: compared, bytes: Number(value.text) };
  }
  if (name === 'frame.time_epoch' && /^\d+(\.\d+)?$/.test(value.text))
    return { kind: 'time', operator: compared, seconds: value.text };
  return undefined;
}

type In = Extract<DisplayExpression, { kind: 'in' }>;

function membership(expression: In): Condition {
  const parts = expression.ranges.map(({ first, last }) => {
    const isPlain = expression.field.slice === undefined && !expression.field.function;
    if (!isPlain) return undefined;
    const { name } = expression.field;
    const isOne = first.text === last.text;
    const address =
      isOne && Object.hasOwn(ADDRESSES, name) ? addressOf(name, first.text) : undefined;
    return address ?? portsOf(name, first, last);
  });
  const known = parts.filter((part) => part !== undefined);
  return known.length === parts.length ? any(known) : other(expression);
}

function addressOf(name: string, text: string): Condition | undefined {
  return addressCondition(text, ADDRESSES[name] ?? 'either', name.startsWith('eth.'));
}

function portsOf(name: string, first: FilterValue, last: FilterValue): Condition | undefined {
  const [, protocol, which = ''] = PORTS.exec(name) ?? [];
  if (protocol === undefined || !/^\d+$/.test(first.text) || !/^\d+$/.test(last.text))
    return undefined;
  const direction = DIRECTIONS[which] ?? 'either';
  return { kind: 'port', protocol, direction, first: Number(first.text), last: Number(last.text) };
}

function other(expression: DisplayExpression): Condition {
  return { kind: 'other', language: 'display', text: displayText(expression) };
}

function fieldText({ name, slice, function: wrapper }: Field): string {
  const text = slice === undefined ? name : `${name}[${slice}]`;
  return wrapper === undefined ? text : `${wrapper}(${text})`;
}

function valueText({ text, quoted }: FilterValue): string {
  return quoted ? quotedText(text) : text;
}

/** Quotes a text as a string of the display filter language. */
export function quotedText(text: string): string {
  const escaped = text
    .replace(/["\\]/g, '\\$&')
    .replace(/[^\x20-\x7e]/gu, (character) =>
      [...Buffer.from(character)]
        .map((byte) => `\\x${byte.toString(16).padStart(2, '0')}`)
        .join(''),
    );
  return `"${escaped}"`;
}

/** The text of a single test. */
function displayText(expression: DisplayExpression): string {
  switch (expression.kind) {
    case 'exists':
      return fieldText(expression.field);
    case 'compare': {
      const { field, operator, value } = expression;
      return `${fieldText(field)} ${operator} ${valueText(value)}`;
    }
    case 'in': {
      const ranges = expression.ranges.map(({ first, last }) =>
        first === last ? valueText(first) : `${valueText(first)}..${valueText(last)}`,
      );
      return `${fieldText(expression.field)} in {${ranges.join(', ')}}`;
    }
    case 'not':
      return `!(${displayText(expression.of)})`;
    default:
      return expression.of.map((one) => `(${displayText(one)})`).join(` ${expression.kind} `);
  }
}
