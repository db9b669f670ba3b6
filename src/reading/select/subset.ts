import { BlockList, isIP } from 'node:net';
import type { Comparison, DisplayExpression, FilterValue } from '../../filters/display/parse.ts';
import { decodeFrame, LINK_TYPE } from '../../packets/link.ts';
import { Packet } from '../../packets/packet.ts';
import { enterTunnel } from '../../packets/tunnels.ts';
import { Problem } from '../../problem.ts';
import type { PacketStream } from '../input/packetStream.ts';
import { ADDRESSES, BYTES, EITHER_DIRECTION, type Layer, NUMBERS, PROTOCOLS } from './fields.ts';

/** The supported part of the display filter language, for messages. */
const SUBSET = [
  ...Object.keys(PROTOCOLS),
  ...Object.keys(NUMBERS),
  ...Object.keys(ADDRESSES),
  ...Object.keys(EITHER_DIRECTION),
  ...Object.keys(BYTES).filter((name) => name !== 'frame'),
  'frame.time_epoch',
];

/** A filter needs tshark, because it is not supported here. */
export class NeedsTshark extends Problem {
  constructor(unsupported: string) {
    super(`${unsupported} needs tshark, which is not installed`, {
      kind: 'missing-program',
      next: [
        'install tshark (Debian, Ubuntu: apt install tshark; macOS, Windows: it comes with Wireshark)',
        `without it, these fields are supported: ${SUBSET.join(' ')}`,
        'with ==, !=, <, <=, >, >=, in {…}, contains, and, or, not; fragments are not reassembled',
      ],
    });
  }
}

/** Tests whether the current packet of a stream is selected. */
export type Predicate = (stream: PacketStream) => boolean;

type Test = (layers: readonly Layer[]) => boolean;

/**
 * Compiles a display filter to a function that uses the decoders of this program. As in Wireshark, fields of packets
 * inside tunnels match as well as those outside. Throws NeedsTshark for parts that are not supported here.
 */
export function compileSubset(expression: DisplayExpression): Predicate {
  const test = compile(expression);
  const packets = [new Packet(), new Packet(), new Packet(), new Packet(), new Packet()];
  return (stream) => {
    const { cursor, number, interface: described } = stream;
    const { bytes, start, end, originalLength } = cursor;
    const layers: Layer[] = [];
    for (const packet of packets) {
      decodeFrame(packet, bytes, start, end, originalLength, described.linkType);
      let depth = 0;
      while (depth < layers.length && enterTunnel(packet)) depth += 1;
      if (depth < layers.length) break;
      const isFramed =
        depth === 0 && described.linkType === LINK_TYPE.ethernet && end - start >= 14;
      layers.push({ packet, cursor, number, ethernetAt: isFramed ? start : -1 });
    }
    return test(layers);
  };
}

function compile(expression: DisplayExpression): Test {
  switch (expression.kind) {
    case 'and': {
      const tests = expression.of.map(compile);
      return (layers) => tests.every((test) => test(layers));
    }
    case 'or': {
      const tests = expression.of.map(compile);
      return (layers) => tests.some((test) => test(layers));
    }
    case 'xor': {
      const tests = expression.of.map(compile);
      return (layers) => tests.filter((test) => test(layers)).length % 2 === 1;
    }
    case 'not': {
      const test = compile(expression.of);
      return (layers) => !test(layers);
    }
    case 'exists':
      return existence(fieldName(expression.field));
    case 'in': {
      const name = fieldName(expression.field);
      const tests = expression.ranges.map(({ first, last }) => {
        if (first === last) return compare(name, '==', first);
        const [from, to] = [compareOne(name, '>=', first), compareOne(name, '<=', last)];
        return anyOf(name, (field, layer) => from(field, layer) && to(field, layer));
      });
      return (layers) => tests.some((test) => test(layers));
    }
    default:
      return compare(fieldName(expression.field), expression.operator, expression.value);
  }
}

function fieldName(field: {
  readonly name: string;
  readonly slice?: string;
  readonly function?: string;
}): string {
  if (field.slice !== undefined) throw new NeedsTshark(`${field.name}[${field.slice}]`);
  if (field.function !== undefined) throw new NeedsTshark(`${field.function}(${field.name})`);
  return field.name;
}

function existence(name: string): Test {
  if (Object.hasOwn(PROTOCOLS, name)) {
    const is = PROTOCOLS[name] as (layer: Layer) => boolean;
    return (layers) => layers.some(is);
  }
  const names = EITHER_DIRECTION[name] ?? [name];
  return (layers) => layers.some((layer) => names.some((field) => hasField(field, layer)));
}

function hasField(name: string, layer: Layer): boolean {
  if (Object.hasOwn(NUMBERS, name)) return NUMBERS[name]?.(layer) !== undefined;
  if (Object.hasOwn(ADDRESSES, name)) return (ADDRESSES[name]?.(layer) ?? []).length > 0;
  if (Object.hasOwn(BYTES, name)) return BYTES[name]?.(layer) !== undefined;
  throw new NeedsTshark(name);
}

type FieldTest = (name: string, layer: Layer) => boolean;

/** A test that passes if any value of the field passes. */
function anyOf(name: string, test: FieldTest): Test {
  const names = EITHER_DIRECTION[name] ?? [name];
  return (layers) => layers.some((layer) => names.some((field) => test(field, layer)));
}

/** `!=` means that the field exists and none of its values is equal. */
function compare(name: string, operator: Comparison, value: FilterValue): Test {
  if (operator === '!=') {
    const [equal, exists] = [compare(name, '==', value), existence(name)];
    return (layers) => exists(layers) && !equal(layers);
  }
  return anyOf(name, compareOne(name, operator, value));
}

function compareOne(name: string, operator: Comparison, value: FilterValue): FieldTest {
  const [firstName = name] = EITHER_DIRECTION[name] ?? [];
  if (name === 'frame.time_epoch') return timeTest(operator, value.text);
  if (Object.hasOwn(NUMBERS, firstName)) return numberTest(name, operator, value.text);
  if (Object.hasOwn(ADDRESSES, firstName)) return addressTest(name, operator, value.text);
  if (Object.hasOwn(BYTES, firstName) && operator === 'contains') return bytesTest(value);
  throw new NeedsTshark(`${name} ${operator} ${value.text}`);
}

function ordered(operator: Comparison, condition: string): (difference: number) => boolean {
  switch (operator) {
    case '==':
    case '===':
      return (difference) => difference === 0;
    case '!==':
      return (difference) => difference !== 0;
    case '<':
      return (difference) => difference < 0;
    case '<=':
      return (difference) => difference <= 0;
    case '>':
      return (difference) => difference > 0;
    case '>=':
      return (difference) => difference >= 0;
    default:
      throw new NeedsTshark(condition);
  }
}

function numberTest(name: string, operator: Comparison, text: string): FieldTest {
  const condition = `${name} ${operator} ${text}`;
  const expected = /^true$/i.test(text) ? 1 : /^false$/i.test(text) ? 0 : Number(text);
  if (Number.isNaN(expected) || text === '') throw new NeedsTshark(condition);
  const matches = ordered(operator, condition);
  return (field, layer) => {
    const value = NUMBERS[field]?.(layer);
    return value !== undefined && matches(value - expected);
  };
}

/** Seconds since 1970, exact: as whole seconds and nanoseconds. */
function timeTest(operator: Comparison, text: string): FieldTest {
  const condition = `frame.time_epoch ${operator} ${text}`;
  const [, wholeSeconds, fraction = ''] = /^(\d+)(?:\.(\d{1,9}))?$/.exec(text) ?? [];
  if (wholeSeconds === undefined) throw new NeedsTshark(condition);
  const [seconds, nanoseconds] = [Number(wholeSeconds), Number(fraction.padEnd(9, '0'))];
  const matches = ordered(operator, condition);
  return (_name, { cursor }) =>
    matches(
      cursor.seconds === seconds ? cursor.nanoseconds - nanoseconds : cursor.seconds - seconds,
    );
}

function addressTest(name: string, operator: Comparison, text: string): FieldTest {
  const condition = `${name} ${operator} ${text}`;
  if (operator !== '==') throw new NeedsTshark(condition);
  if (name.startsWith('eth.')) {
    const expected = text.toLowerCase().replaceAll('-', ':');
    return (field, layer) => (ADDRESSES[field]?.(layer) ?? []).includes(expected);
  }
  const [address = '', prefix] = text.split('/');
  const version = isIP(address);
  if (version === 0) throw new NeedsTshark(condition);
  const family = version === 4 ? 'ipv4' : 'ipv6';
  const list = new BlockList();
  if (prefix === undefined) list.addAddress(address, family);
  else list.addSubnet(address, Number(prefix), family);
  return (field, layer) =>
    (ADDRESSES[field]?.(layer) ?? []).some((fieldAddress) => list.check(fieldAddress, family));
}

/** Bytes, written as `"GET"` or `47:45:54`. */
function bytesTest({ text, quoted }: FilterValue): FieldTest {
  const isHex = !quoted && /^[\da-f]{2}(:[\da-f]{2})+$/i.test(text);
  const expected = isHex ? Buffer.from(text.replaceAll(':', ''), 'hex') : Buffer.from(text, 'utf8');
  return (field, layer) => {
    const range = BYTES[field]?.(layer);
    if (!range) return false;
    const { bytes } = layer.cursor;
    const at = bytes.subarray(range[0], range[1]).indexOf(expected);
    return at >= 0;
  };
}
