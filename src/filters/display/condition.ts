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
export function displayFilterCondition(text: string): Condition {
  return toCondition(parseDisplayFilter(text));
}

function toCondition(expression: DisplayExpression): Condition {
  switch (expression.kind) {
    case 'and':
      return all(expression.of.map(toCondition));
    case 'or':
      return any(expression.of.map(toCondition));
    case 'not':
      return { kind: 'not', of: toCondition(expression.of) };
    case 'exists':
      return existsCondition(expression.field);
    case 'in':
      return inCondition(expression);
    case 'compare':
      return compareCondition(expression) ?? otherCondition(expression);
    default:
      return otherCondition(expression);
  }
}

/** Fields of addresses and ports, and the direction that each selects. */
const ADDRESS_FIELDS: Readonly<Record<string, DirectionQualifier>> = {
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
const PORT_FIELD = /^(tcp|udp|sctp)\.(port|srcport|dstport)$/;
const DIRECTIONS: Readonly<Record<string, DirectionQualifier>> = {
  port: 'either',
  srcport: 'source',
  dstport: 'destination',
};
const OPERATORS: readonly string[] = ['==', '!=', '<', '<=', '>', '>='] satisfies Operator[];

/** A name without a dot is a protocol. */
function existsCondition(field: Field): Condition {
  const isProtocol = /^[a-z][\w-]*$/.test(field.name) && !field.slice && !field.function;
  return isProtocol
    ? { kind: 'protocol', name: field.name }
    : { kind: 'other', language: 'display', text: fieldText(field) };
}

type CompareExpression = Extract<DisplayExpression, { kind: 'compare' }>;

function compareCondition({ field, operator, value }: CompareExpression): Condition | undefined {
  if (field.function !== undefined || field.slice !== undefined) return undefined;
  const { name } = field;
  if (operator === 'contains' && /^(frame|(tcp|udp)(\.payload)?|data(\.data)?)$/.test(name))
    return { kind: 'payload', text: value.text };
  if (!OPERATORS.includes(operator)) return undefined;
  const comparisonOperator = operator as Operator;
  const is = (condition: Condition): Condition | undefined =>
    comparisonOperator === '=='
      ? condition
      : comparisonOperator === '!='
        ? { kind: 'not', of: condition }
        : undefined;
  const address = Object.hasOwn(ADDRESS_FIELDS, name) ? fieldAddress(name, value.text) : undefined;
  if (address) return is(address);
  const port = fieldPorts(name, value, value);
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
    return { kind: 'length', of, operator: comparisonOperator, bytes: Number(value.text) };
  }
  if (name === 'frame.time_epoch' && /^\d+(\.\d+)?$/.test(value.text))
    return { kind: 'time', operator: comparisonOperator, seconds: value.text };
  return undefined;
}

type InExpression = Extract<DisplayExpression, { kind: 'in' }>;

function inCondition(expression: InExpression): Condition {
  const parts = expression.ranges.map(({ first, last }) => {
    const isPlain = expression.field.slice === undefined && !expression.field.function;
    if (!isPlain) return undefined;
    const { name } = expression.field;
    const isOne = first.text === last.text;
    const address =
      isOne && Object.hasOwn(ADDRESS_FIELDS, name) ? fieldAddress(name, first.text) : undefined;
    return address ?? fieldPorts(name, first, last);
  });
  const known = parts.filter((part) => part !== undefined);
  return known.length === parts.length ? any(known) : otherCondition(expression);
}

function fieldAddress(name: string, text: string): Condition | undefined {
  return addressCondition(text, ADDRESS_FIELDS[name] ?? 'either', name.startsWith('eth.'));
}

function fieldPorts(name: string, first: FilterValue, last: FilterValue): Condition | undefined {
  const [, protocol, suffix = ''] = PORT_FIELD.exec(name) ?? [];
  if (protocol === undefined || !/^\d+$/.test(first.text) || !/^\d+$/.test(last.text))
    return undefined;
  const direction = DIRECTIONS[suffix] ?? 'either';
  return { kind: 'port', protocol, direction, first: Number(first.text), last: Number(last.text) };
}

function otherCondition(expression: DisplayExpression): Condition {
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
      return expression.of
        .map((operand) => `(${displayText(operand)})`)
        .join(` ${expression.kind} `);
  }
}
