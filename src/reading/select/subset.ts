import { BlockList, isIP } from 'node:net';
import type { Comparison, DisplayExpression, FilterValue } from '../../filters/display/parse.ts';
import { decodeFrame, LINK_TYPE } from '../../packets/link.ts';
import { Packet } from '../../packets/packet.ts';
import { enterTunnel } from '../../packets/tunnels.ts';
import { Problem } from '../../problem.ts';
import type { PacketStream } from '../input/packetStream.ts';
import { ADDRESSES, BYTES, EITHER, type Layer, NUMBERS, PROTOCOLS } from './fields.ts';

/** The supported part of the display filter language, for messages. */
const SUBSET = [
  ...Object.keys(PROTOCOLS),
  ...Object.keys(NUMBERS),
  ...Object.keys(ADDRESSES),
  ...Object.keys(EITHER),
  ...Object.keys(BYTES).filter((name) => name !== 'frame'),
  'frame.time_epoch',
];

/** A filter needs tshark, because it is not supported here. */
export class NeedsTshark extends Problem {
  constructor(what: string) {
    super(`${what} needs tshark, which is not installed`, {
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
        return anyOf(name, (one, layer) => from(one, layer) && to(one, layer));
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
  const names = EITHER[name] ?? [name];
  return (layers) => layers.some((layer) => names.some((one) => has(one, layer)));
}

function has(name: string, layer: Layer): boolean {
  if (Object.hasOwn(NUMBERS, name)) return NUMBERS[name]?.(layer) !== undefined;
  if (Object.hasOwn(ADDRESSES, name)) return (ADDRESSES[name]?.(layer) ?? []).length > 0;
  if (Object.hasOwn(BYTES, name)) return BYTES[name]?.(layer) !== undefined;
  throw new NeedsTshark(name);
}

type One = (name: string, layer: Layer) => boolean;

/** A test that passes if any value of the field passes. */
function anyOf(name: string, test: One): Test {
  const names = EITHER[name] ?? [name];
  return (layers) => layers.some((layer) => names.some((one) => test(one, layer)));
}

/** `!=` means that the field exists and none of its values is equal. */
function compare(name: string, operator: Comparison, value: FilterValue): Test {
  if (operator === '!=') {
    const [equal, exists] = [compare(name, '==', value), existence(name)];
    return (layers) => exists(layers) && !equal(layers);
  }
  return anyOf(name, compareOne(name, operator, value));
}

function compareOne(name: string, operator: Comparison, value: FilterValue): One {
  const [known = name] = EITHER[name] ?? [];
  if (name === 'frame.time_epoch') return timeTest(operator, value.text);
  if (Object.hasOwn(NUMBERS, known)) return numberTest(name, operator, value.text);
  if (Object.hasOwn(ADDRESSES, known)) return addressTest(name, operator, value.text);
  if (Object.hasOwn(BYTES, known) && operator === 'contains') return bytesTest(value);
  throw new NeedsTshark(`${name} ${operator} ${value.text}`);
}

function ordered(operator: Comparison, what: string): (difference: number) => boolean {
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
      throw new NeedsTshark(what);
  }
}

function numberTest(name: string, operator: Comparison, text: string): One {
  const what = `${name} ${operator} ${text}`;
  const wanted = /^true$/i.test(text) ? 1 : /^false$/i.test(text) ? 0 : Number(text);
  if (Number.isNaN(wanted) || text === '') throw new NeedsTshark(what);
  const holds = ordered(operator, what);
  return (one, layer) => {
    const value = NUMBERS[one]?.(layer);
    return value !== undefined && holds(value - wanted);
  };
}

/** Seconds since 1970, exact: as whole seconds and nanoseconds. */
function timeTest(operator: Comparison, text: string): One {
  const what = `frame.time_epoch ${operator} ${text}`;
  const [, whole, fraction = ''] = /^(\d+)(?:\.(\d{1,9}))?$/.exec(text) ?? [];
  if (whole === undefined) throw new NeedsTshark(what);
  const [seconds, nanoseconds] = [Number(whole), Number(fraction.padEnd(9, '0'))];
  const holds = ordered(operator, what);
  return (_name, { cursor }) =>
    holds(cursor.seconds === seconds ? cursor.nanoseconds - nanoseconds : cursor.seconds - seconds);
}

function addressTest(name: string, operator: Comparison, text: string): One {
  const what = `${name} ${operator} ${text}`;
  if (operator !== '==') throw new NeedsTshark(what);
  if (name.startsWith('eth.')) {
    const wanted = text.toLowerCase().replaceAll('-', ':');
    return (one, layer) => (ADDRESSES[one]?.(layer) ?? []).includes(wanted);
  }
  const [address = '', prefix] = text.split('/');
  const version = isIP(address);
  if (version === 0) throw new NeedsTshark(what);
  const family = version === 4 ? 'ipv4' : 'ipv6';
  const list = new BlockList();
  if (prefix === undefined) list.addAddress(address, family);
  else list.addSubnet(address, Number(prefix), family);
  return (one, layer) => (ADDRESSES[one]?.(layer) ?? []).some((found) => list.check(found, family));
}

/** Bytes, written as `"GET"` or `47:45:54`. */
function bytesTest({ text, quoted }: FilterValue): One {
  const isHex = !quoted && /^[\da-f]{2}(:[\da-f]{2})+$/i.test(text);
  const wanted = isHex ? Buffer.from(text.replaceAll(':', ''), 'hex') : Buffer.from(text, 'utf8');
  return (one, layer) => {
    const range = BYTES[one]?.(layer);
    if (!range) return false;
    const { bytes } = layer.cursor;
    const at = bytes.subarray(range[0], range[1]).indexOf(wanted);
    return at >= 0;
  };
}
