import { isObject } from '../../jsonObject.ts';
import { isProtocol } from './iptablesMatches.ts';
import { arrayOf, type Json, numberOf, textOf } from './json.ts';
import { familyOfPacket, type NamespaceContext, type TracedPacket } from './packet.ts';

/** A value of a packet: a text or number, a list (concatenation, flags), or unknown. */
export type Value =
  | { readonly is: 'known'; readonly value: string | number }
  /** A protocol name. nft prints numbers if its image has no /etc/protocols. */
  | { readonly is: 'protocol'; readonly value: string }
  | { readonly is: 'list'; readonly values: readonly Value[] }
  | { readonly is: 'random'; readonly mod: number }
  | { readonly is: 'doubt'; readonly what: string };

const knownValue = (value: string | number): Value => ({ is: 'known', value });
const doubtValue = (what: string): Value => ({ is: 'doubt', what });
const valueOrDoubt = (value: string | number | undefined, what: string): Value =>
  value === undefined ? doubtValue(`${what}: unknown`) : knownValue(value);

/** Evaluates an expression for a packet. */
export function packetValue(
  expression: Json | undefined,
  packet: TracedPacket,
  context: NamespaceContext | undefined,
): Value {
  if (!isObject(expression))
    return typeof expression === 'number' ? knownValue(expression) : knownValue(textOf(expression));
  const [kind = '', body] = Object.entries(expression)[0] ?? [];
  if (kind === 'concat') {
    return {
      is: 'list',
      values: arrayOf(body).map((item) => packetValue(item, packet, context)),
    };
  }
  if (kind === '&' || kind === '|' || kind === '^') {
    const [left, right] = arrayOf(body).map((item) => packetValue(item, packet, context));
    const [a, b] = [left && numberIn(left), right && numberIn(right)];
    if (a === undefined || b === undefined) return maskedFlags(kind, body, packet);
    return knownValue((kind === '&' ? a & b : kind === '|' ? a | b : a ^ b) >>> 0);
  }
  if (!isObject(body)) return doubtValue(`${kind} ${JSON.stringify(body)}`);
  switch (kind) {
    case 'meta':
      return metaValue(textOf(body.key), packet);
    case 'payload':
      return payloadValue(textOf(body.protocol), textOf(body.field), packet);
    case 'ct':
      return conntrackValue(textOf(body.key), packet);
    case 'fib':
      return fibValue(body, packet, context);
    case 'numgen':
    case 'jhash':
    case 'symhash':
      return { is: 'random', mod: numberOf(body.mod) ?? 1 };
    default:
      return doubtValue(`${kind} ${JSON.stringify(body)}`);
  }
}

/** Evaluates `tcp flags & (fin|syn|rst|ack)`. */
function maskedFlags(kind: string, body: Json | undefined, packet: TracedPacket): Value {
  const [left, mask] = arrayOf(body);
  const isFlags = isObject(left) && isObject(left.payload) && left.payload.field === 'flags';
  if (!isFlags || kind !== '&') return doubtValue(`${kind} ${JSON.stringify(body)}`);
  const present = packet.state === 'established' ? 'ack' : 'syn';
  const masks = isObject(mask) && Array.isArray(mask['|']) ? mask['|'] : [mask ?? ''].flat();
  return knownValue(masks.includes(present) ? present : 0);
}

function metaValue(key: string, packet: TracedPacket): Value {
  const family = familyOfPacket(packet);
  switch (key) {
    case 'iifname':
    case 'iif':
      return knownValue(packet.inDevice ?? '');
    case 'oifname':
    case 'oif':
      return knownValue(packet.outDevice ?? '');
    case 'mark':
      return knownValue(packet.mark);
    case 'l4proto':
      return { is: 'protocol', value: packet.protocol };
    case 'nfproto':
      return knownValue(family === 4 ? 'ipv4' : 'ipv6');
    case 'protocol':
      return knownValue(family === 4 ? 'ip' : 'ip6');
    case 'ibrname':
    case 'obrname':
      return doubtValue(`meta ${key}`);
    default:
      return doubtValue(`meta ${key}`);
  }
}

function payloadValue(protocol: string, field: string, packet: TracedPacket): Value {
  const family = familyOfPacket(packet);
  const ports = protocol === 'th' || protocol === packet.protocol;
  if (protocol === 'ip' || protocol === 'ip6') {
    if (protocol !== (family === 4 ? 'ip' : 'ip6')) return knownValue('');
    if (field === 'saddr') return knownValue(packet.source);
    if (field === 'daddr') return knownValue(packet.destination);
    if (field === 'protocol' || field === 'nexthdr')
      return { is: 'protocol', value: packet.protocol };
    return doubtValue(`${protocol} ${field}`);
  }
  if (!ports && ['tcp', 'udp', 'sctp', 'icmp', 'icmpv6'].includes(protocol)) {
    return isProtocol(packet.protocol, protocol)
      ? doubtValue(`${protocol} ${field}`)
      : knownValue('');
  }
  if (field === 'sport') return valueOrDoubt(packet.sourcePort, `${protocol} sport`);
  if (field === 'dport') return valueOrDoubt(packet.destinationPort, `${protocol} dport`);
  if (protocol === 'icmp' && field === 'type') {
    return knownValue(packet.state === 'established' ? 'echo-reply' : 'echo-request');
  }
  if (field === 'flags') return knownValue(packet.state === 'established' ? 'ack' : 'syn');
  return doubtValue(`${protocol} ${field}`);
}

function conntrackValue(key: string, packet: TracedPacket): Value {
  switch (key) {
    case 'state':
      return knownValue(packet.state);
    case 'status': {
      const flags = [
        ...(packet.destinationTranslated ? ['dnat'] : []),
        ...(packet.sourceTranslated ? ['snat'] : []),
        ...(packet.state === 'established' ? ['seen-reply', 'assured', 'confirmed'] : []),
      ];
      return { is: 'list', values: flags.map(knownValue) };
    }
    case 'direction':
      return knownValue(packet.state === 'established' ? 'reply' : 'original');
    case 'mark':
      return valueOrDoubt(packet.connectionMark, 'ct mark');
    default:
      return doubtValue(`ct ${key}`);
  }
}

function fibValue(
  body: { readonly [key: string]: Json | undefined },
  packet: TracedPacket,
  context: NamespaceContext | undefined,
): Value {
  const flags = [body.flags ?? []].flat();
  const address = flags.includes('daddr') ? packet.destination : packet.source;
  if (body.result === 'type') {
    const local = context?.isLocal(address);
    if (local === undefined) return doubtValue('fib type');
    return knownValue(local ? 'local' : 'unicast');
  }
  if (body.result === 'oif' && flags.includes('saddr') && flags.includes('iif')) {
    const valid = packet.inDevice && context?.reversePath?.(packet.source, packet.inDevice);
    if (valid === true) return knownValue(1);
    if (valid === false) return knownValue(0);
  }
  return doubtValue(`fib ${flags.join(' . ')} ${textOf(body.result)}`);
}

/** The value as a number; undefined if it is not one. */
export function numberIn(value: Value): number | undefined {
  return value.is === 'known' && typeof value.value === 'number' ? value.value : undefined;
}
