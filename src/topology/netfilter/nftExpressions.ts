import { isObject } from '../../jsonObject.ts';
import { contains, parseAddress, prefixOf } from '../address.ts';
import { isProtocol } from './iptablesMatches.ts';
import { arrayOf, type Json, numberOf, textOf } from './json.ts';
import { numberIn, packetValue, type Value } from './nftValues.ts';
import type { TracedPacket } from './packet.ts';
import type { Action, Choice, Match, Matcher } from './ruleset.ts';

/** The elements of named sets and maps, by name. */
export type NftValues = ReadonlyMap<string, readonly Json[]>;

/** Statements that do not change the packet's path. */
const PASSIVE = new Set([
  'counter',
  'log',
  'set',
  'map',
  'flow',
  'last',
  'synproxy',
  'ct helper',
  'ct timeout',
  'dup',
  'meter',
]);

/** The condition of an expression; undefined if the expression is not a condition. */
export function conditionOf(
  kind: string,
  body: Json | undefined,
  values: NftValues,
): Matcher | undefined {
  if (kind === 'limit' || kind === 'quota' || kind === 'ct count') {
    return () => ({ doubt: `${kind} ${JSON.stringify(body)}` });
  }
  if (kind === 'xt' && isObject(body) && body.type === 'match') {
    return body.name === 'comment'
      ? () => true
      : () => ({ doubt: `xt match "${textOf(body.name)}"` });
  }
  if (kind !== 'match' || !isObject(body)) return undefined;
  const { op, left, right } = body;
  return (packet, context) => {
    const value = packetValue(left, packet, context);
    return compare(textOf(op), value, right, values);
  };
}

function compare(op: string, value: Value, right: Json | undefined, values: NftValues): Match {
  if (value.is === 'doubt') return { doubt: value.what };
  if (value.is === 'random') return { chance: 1 / value.mod };
  if (op === '<' || op === '>' || op === '<=' || op === '>=') {
    const [number, operand] = [numberIn(value), numberOf(right)];
    if (number === undefined || operand === undefined)
      return { doubt: `${op} ${JSON.stringify(right)}` };
    return {
      '<': number < operand,
      '>': number > operand,
      '<=': number <= operand,
      '>=': number >= operand,
    }[op];
  }
  const match = matchesExpected(value, right, values);
  return typeof match === 'boolean' && op === '!=' ? !match : match;
}

/** Whether a value equals the wanted value, or is one of the wanted values. */
function matchesExpected(value: Value, expected: Json | undefined, values: NftValues): Match {
  if (typeof expected === 'string' && expected.startsWith('@')) {
    const elements = values.get(expected.slice(1));
    return elements === undefined
      ? { doubt: `set ${expected}` }
      : matchesAny(value, elements, values);
  }
  if (isObject(expected) && Array.isArray(expected.set))
    return matchesAny(value, expected.set, values);
  // `ct state established,related` matches if one of the flags is set.
  if (Array.isArray(expected)) return matchesAny(value, expected, values);
  if (isObject(expected) && Array.isArray(expected['|']))
    return matchesAny(value, expected['|'], values);
  if (value.is === 'list' && isObject(expected) && Array.isArray(expected.concat)) {
    const matches = expected.concat.map((component: Json, index: number) => {
      const componentValue = value.values[index];
      return componentValue === undefined
        ? false
        : matchesExpected(componentValue, component, values);
    });
    return matches.includes(false) ? false : (matches.find((match) => match !== true) ?? true);
  }
  if (value.is === 'list') {
    // A packet can have several states or flags at once.
    const matches = value.values.map((componentValue) =>
      matchesExpected(componentValue, expected, values),
    );
    return matches.includes(true) ? true : (matches.find((match) => match !== false) ?? false);
  }
  if (value.is === 'doubt') return { doubt: value.what };
  if (value.is === 'protocol') return isProtocol(value.value, textOf(expected));
  return value.is === 'known' && isEqual(value.value, expected);
}

function matchesAny(value: Value, elements: readonly Json[], values: NftValues): Match {
  const matches = elements.map((element) => matchesExpected(value, plainElement(element), values));
  return matches.includes(true) ? true : (matches.find((match) => match !== false) ?? false);
}

/** The value of an element, without its comment, timeout and counter. */
function plainElement(element: Json): Json {
  return isObject(element) && isObject(element.elem) ? (element.elem.val ?? null) : element;
}

function isEqual(value: string | number, expected: Json | undefined): boolean {
  if (isObject(expected) && isObject(expected.prefix)) {
    const base = parseAddress(textOf(expected.prefix.addr));
    const address = parseAddress(`${value}`);
    const length = numberOf(expected.prefix.len) ?? 0;
    return base !== undefined && address !== undefined && contains(prefixOf(base, length), address);
  }
  if (isObject(expected) && Array.isArray(expected.range)) {
    const [first, last] = expected.range;
    if (typeof first === 'number' && typeof last === 'number') {
      return Number(value) >= first && Number(value) <= last;
    }
    const [from, to, address] = [first, last, value].map((end) => parseAddress(`${end}`));
    if (!from || !to || !address) return false;
    return (
      address.family === from.family && address.value >= from.value && address.value <= to.value
    );
  }
  if (typeof expected === 'string' && expected.endsWith('*')) {
    return `${value}`.startsWith(expected.slice(0, -1));
  }
  if (typeof expected === 'boolean') return (value === 1) === expected;
  return `${value}` === textOf(expected);
}

/** Converts a statement into actions. */
export function actionsOf(kind: string, body: Json | undefined, values: NftValues): Action[] {
  if (PASSIVE.has(kind)) return [];
  switch (kind) {
    case 'accept':
    case 'drop':
    case 'return':
    case 'continue':
      return [{ kind }];
    case 'jump':
    case 'goto':
      return [{ kind, chain: isObject(body) ? textOf(body.target) : '' }];
    case 'reject':
      return [{ kind, with: isObject(body) ? textOf(body.expr) || textOf(body.type) : '' }];
    case 'masquerade':
      return [{ kind }];
    case 'notrack':
      return [{ kind: 'change', change: (packet) => ({ ...packet, state: 'untracked' }) }];
    case 'mangle':
      return [mangleAction(body)];
    case 'dnat':
    case 'snat':
      return [natAction(kind, body, values)];
    case 'redirect':
      return [redirectAction(body)];
    case 'vmap':
      return [verdictMap(body, values)];
    case 'xt':
      return isObject(body) && body.type === 'target'
        ? [{ kind: 'unknown', what: `xt target "${textOf(body.name)}"` }]
        : [];
    default:
      return [{ kind: 'unknown', what: `${kind} ${JSON.stringify(body)}` }];
  }
}

function redirectAction(body: Json | undefined): Action {
  const port = isObject(body) ? numberOf(body.port) : undefined;
  return { kind: 'redirect', ...(port !== undefined && { port }) };
}

function mangleAction(body: Json | undefined): Action {
  const key = isObject(body) && isObject(body.key) ? body.key : {};
  const isMark = (item: Json | undefined) => isObject(item) && item.key === 'mark';
  const value = isObject(body) ? body.value : undefined;
  if (isMark(key.meta) || isMark(key.ct)) {
    const field = isMark(key.meta) ? 'mark' : 'connectionMark';
    return {
      kind: 'change',
      change: (packet) => {
        const mark = numberIn(packetValue(value, packet, undefined));
        return mark === undefined ? packet : { ...packet, [field]: mark };
      },
    };
  }
  // Changes of TOS, TTL, MSS and the like do not change the packet's path.
  return { kind: 'continue' };
}

function natAction(kind: 'dnat' | 'snat', body: Json | undefined, values: NftValues): Action {
  const expression = `${kind} ${JSON.stringify(body)}`;
  if (!isObject(body)) return { kind: 'unknown', what: expression };
  const { addr } = body;
  const map = isObject(addr) && isObject(addr.map) ? addr.map : undefined;
  if (map !== undefined) {
    return {
      kind: 'choose',
      among: (packet) =>
        lookUpMap(map.key, map.data, packet, values, (to) => destination(kind, to)),
    };
  }
  const single = destination(kind, addr ?? '', numberOf(body.port));
  return single ?? { kind: 'unknown', what: expression };
}

/** The target of a translation, from an address or from `address . port`. */
function destination(kind: 'dnat' | 'snat', to: Json, port?: number): Action | undefined {
  const [address, concatenatedPort] = isObject(to) ? arrayOf(to.concat) : [to];
  if (typeof address !== 'string') return undefined;
  const translatedPort = numberOf(concatenatedPort) ?? port;
  return {
    kind,
    ...(address !== '' && { address }),
    ...(translatedPort !== undefined && { port: translatedPort }),
  };
}

function verdictMap(body: Json | undefined, values: NftValues): Action {
  if (!isObject(body)) return { kind: 'unknown', what: 'vmap' };
  return {
    kind: 'choose',
    among: (packet) =>
      lookUpMap(body.key, body.data, packet, values, (verdict) => {
        const [kind = '', inner] = isObject(verdict) ? (Object.entries(verdict)[0] ?? []) : [];
        return actionsOf(kind, inner, values)[0];
      }),
  };
}

/** Looks up a packet's value in a map. For a random value, returns every possible result. */
function lookUpMap(
  key: Json | undefined,
  data: Json | undefined,
  packet: TracedPacket,
  values: NftValues,
  actionFor: (value: Json) => Action | undefined,
): Choice {
  const elements =
    typeof data === 'string' && data.startsWith('@')
      ? values.get(data.slice(1))
      : arrayOf(isObject(data) ? data.set : undefined);
  if (elements === undefined) return { doubt: `map ${textOf(data)}`, actions: [] };
  const pairs = elements.flatMap((element) =>
    Array.isArray(element) && element.length === 2
      ? [[element[0] ?? null, element[1] ?? null] as const]
      : [],
  );
  const keyValue = packetValue(key, packet, undefined);
  const actions: Action[] = [];
  let doubtful: string | undefined;
  for (const [expected, value] of pairs) {
    const match =
      keyValue.is === 'random' ? true : matchesExpected(keyValue, plainElement(expected), values);
    const action = match === false ? undefined : actionFor(value);
    if (action) actions.push(action);
    if (typeof match === 'object' && 'doubt' in match) doubtful = match.doubt;
    if (match === true && keyValue.is !== 'random') return { actions: action ? [action] : [] };
  }
  return doubtful === undefined ? { actions } : { doubt: doubtful, actions };
}
