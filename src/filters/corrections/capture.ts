import { isIP } from 'node:net';
import { type CaptureToken, tokenizeCaptureFilter } from '../capture/parse.ts';
import { renderAsCapture } from '../capture/render.ts';
import { type Condition, TCP_FLAGS, type TcpFlag } from '../condition.ts';
import { parseNetwork } from '../network.ts';
import { applyEdits, type Corrected, type Edit } from './correction.ts';
import { SERVICE_PORTS } from './fields.ts';

type Rule = (tokens: readonly CaptureToken[], at: number) => Edit | undefined;

/** Corrects common mistakes in a capture filter. */
export function correctCapture(text: string): Corrected {
  const tokens = tokenizeCaptureFilter(text);
  const edits: Edit[] = [];
  for (let at = 0; at < tokens.length; at += 1) {
    const edit = RULES.map((rule) => rule(tokens, at)).find((edit) => edit !== undefined);
    if (edit) edits.push(edit);
  }
  return applyEdits(text, edits);
}

const RULES: readonly Rule[] = [
  comparisonOfQualifier,
  listOfPorts,
  wrongAddress,
  wrongKeyword,
  upperCase,
];

function edit(first: CaptureToken, last: CaptureToken, right: string, why: string): Edit {
  const end = last.start + last.text.length;
  return { start: first.start, end, right, why, kind: 'error' };
}

const QUALIFIER = /^(tcp|udp|sctp|src|dst|ip|ip6)$/;

/** `tcp port != 80`, `host == 10.0.0.1`. */
function comparisonOfQualifier(tokens: readonly CaptureToken[], at: number): Edit | undefined {
  let place = at;
  while (QUALIFIER.test(tokens[place]?.text ?? '')) place += 1;
  const [type, operator, value] = [tokens[place], tokens[place + 1], tokens[place + 2]];
  const first = tokens[at];
  if (!first || !type || !operator || !value) return undefined;
  if (!/^(port|portrange|host|net)$/.test(type.text) || !/^(=|==|!=)$/.test(operator.text))
    return undefined;
  const words = tokens.slice(at, place + 1).map(({ text }) => text);
  const right = `${operator.text === '!=' ? 'not ' : ''}${[...words, value.text].join(' ')}`;
  return edit(first, value, right, `${type.text} takes its value without an operator.`);
}

/** `tcp port 80,443`, `port 80-90`. */
function listOfPorts(tokens: readonly CaptureToken[], at: number): Edit | undefined {
  let place = at;
  while (QUALIFIER.test(tokens[place]?.text ?? '')) place += 1;
  const [first, type, value] = [tokens[at], tokens[place], tokens[place + 1]];
  if (!first || !type || !value || !/^(port|ports)$/.test(type.text)) return undefined;
  const qualifiers = tokens.slice(at, place).map(({ text }) => text);
  const isRange = /^\d+-\d+$/.test(value.text);
  if (isRange) {
    const right = [...qualifiers, 'portrange', value.text].join(' ');
    return edit(first, value, right, 'A range of ports is a portrange.');
  }
  const list = [value];
  while (/,$/.test(list.at(-1)?.text ?? '')) {
    const nextPort = tokens[place + 1 + list.length];
    if (!nextPort || !/^\d+,?$/.test(nextPort.text)) break;
    list.push(nextPort);
  }
  const last = list.at(-1);
  const ports = list.flatMap(({ text }) => text.split(',')).filter((port) => port !== '');
  if (last && ports.length > 1 && ports.every((port) => /^\d+$/.test(port))) {
    const tests = ports.map((port) => [...qualifiers, 'port', port].join(' '));
    return edit(first, last, `(${tests.join(' or ')})`, 'Several ports are joined by or.');
  }
  if (type.text === 'ports')
    return edit(type, type, 'port', 'There is no keyword ports; use port.');
  return undefined;
}

const ADDRESS_KEYWORDS: Readonly<Record<string, string>> = {
  ip: 'host',
  ip6: 'host',
  addr: 'host',
  address: 'host',
  from: 'src host',
  to: 'dst host',
};

/** `ip 10.0.0.1`, `host 10.0.0.0/24`, `net 10.0.0.5/24`. */
function wrongAddress(tokens: readonly CaptureToken[], at: number): Edit | undefined {
  const [type, value] = [tokens[at], tokens[at + 1]];
  if (!type || !value) return undefined;
  const [address = '', prefix] = value.text.split('/');
  const family = isIP(address);
  const network = prefix === undefined ? undefined : parseNetwork(value.text);
  const [, knownParts = ''] = /^((?:\d{1,3}\.){1,3})\*(?:\.\*)*$/.exec(value.text) ?? [];
  if (knownParts !== '' && /^(host|net|ip|src|dst)$/.test(type.text)) {
    const parts = knownParts.split('.').filter((part) => part !== '');
    const zeros = new Array<string>(4 - parts.length).fill('0');
    const role = /^(src|dst)$/.test(type.text) ? `${type.text} net` : 'net';
    const right = `${role} ${[...parts, ...zeros].join('.')}/${parts.length * 8}`;
    return edit(type, value, right, 'Write a part of an address as a network.');
  }
  if (family === 0) return undefined;
  const word = Object.hasOwn(ADDRESS_KEYWORDS, type.text) ? ADDRESS_KEYWORDS[type.text] : undefined;
  const role = word ?? (type.text === 'host' || type.text === 'net' ? type.text : undefined);
  if (role === undefined) return undefined;
  if (network === undefined) {
    if (word === undefined) return undefined;
    return edit(type, value, `${role} ${address}`, `An address follows host, not ${type.text}.`);
  }
  const right = `${role.replace('host', 'net')} ${network}`;
  if (right === `${type.text} ${value.text}`) return undefined;
  const why =
    type.text === 'net'
      ? 'The bits after the prefix of a network must be zero.'
      : 'A network follows net, not host.';
  return edit(type, value, right, why);
}

/** Words of display filters, or common names, where a primitive should begin. */
function wrongKeyword(tokens: readonly CaptureToken[], at: number): Edit | undefined {
  const token = tokens[at];
  const previous = tokens[at - 1]?.text;
  if (
    !token ||
    (previous !== undefined && !/^(and|or|not|AND|OR|NOT|&&|\|\||!|\()$/.test(previous))
  )
    return undefined;
  const name = token.text.toLowerCase();
  const names: Record<string, string> = { icmpv6: 'icmp6', ipv6: 'ip6' };
  if (Object.hasOwn(names, name)) {
    const right = names[name] ?? '';
    return edit(token, token, right, `Capture filters call it ${right}.`);
  }
  const next = tokens[at + 1]?.text ?? '';
  if (next !== '' && !/^(and|or|AND|OR|&&|\|\||\))$/.test(next)) return undefined;
  const flag = { rst: 'reset', psh: 'push' }[name] ?? name;
  const condition: Condition | undefined = Object.hasOwn(TCP_FLAGS, flag)
    ? { kind: 'flag', name: flag as TcpFlag, set: true }
    : undefined;
  if (condition) {
    const text = renderAsCapture(condition);
    const why = 'Flags are bits of the TCP header; see the presets syn and rst.';
    return typeof text === 'string' ? edit(token, token, `(${text})`, why) : undefined;
  }
  if (name === 'dhcp' || name === 'bootp')
    return edit(token, token, 'udp portrange 67-68', 'Capture filters match DHCP by its ports.');
  if (name === 'tls' || name === 'ssl')
    return edit(token, token, 'tcp port 443', matchedByPortText('TLS', 'tls-handshake'));
  if (name === 'dns') return edit(token, token, 'port 53', matchedByPortText('DNS', 'dns'));
  if (name === 'http') return edit(token, token, 'tcp port 80', matchedByPortText('HTTP', 'http'));
  if (!Object.hasOwn(SERVICE_PORTS, name)) return undefined;
  return edit(
    token,
    token,
    `tcp port ${SERVICE_PORTS[name]}`,
    `Capture filters match ${name} by its port.`,
  );
}

const matchedByPortText = (protocol: string, preset: string) =>
  `Capture filters match ${protocol} by its port only; see also --preset ${preset}.`;

function upperCase(tokens: readonly CaptureToken[], at: number): Edit | undefined {
  const token = tokens[at];
  if (!token || !/^(AND|OR|NOT|HOST|NET|PORT|SRC|DST|TCP|UDP|ICMP|ARP)$/.test(token.text))
    return undefined;
  return edit(token, token, token.text.toLowerCase(), 'Capture filters are written in lower case.');
}
