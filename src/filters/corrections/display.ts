import { isIP } from 'node:net';
import { type Token, tokenizeDisplayFilter } from '../display/tokens.ts';
import { epochSeconds } from '../times.ts';
import { applyEdits, type Corrected, type Edit } from './correction.ts';
import { BIT_FIELDS, FIELD_MISTAKES, SERVICE_PORTS, TWO_VALUE_FIELDS } from './fields.ts';

/** Corrects common mistakes in a display filter. */
export function correctDisplay(text: string): Corrected {
  const plain = text.replace(/[“”„]/g, '"').replace(/[‘’]/g, "'");
  const tokens = tokenizeDisplayFilter(plain);
  const edits: Edit[] = [];
  for (let at = 0; at < tokens.length; at += 1) {
    const edit = RULES.map((rule) => rule(tokens, at)).find((edit) => edit !== undefined);
    if (edit) edits.push(edit);
  }
  const corrected = applyEdits(plain, edits);
  if (plain === text) return corrected;
  const why = 'Strings need straight double quotes.';
  const quotes = { wrong: '“ ”', right: '" "', why, kind: 'error' } as const;
  return { ...corrected, corrections: [quotes, ...corrected.corrections] };
}

type Rule = (tokens: readonly Token[], at: number) => Edit | undefined;

const COMPARISON = /^(==|=|!=|===|!==|<|<=|>|>=|eq|ne|gt|ge|lt|le|contains|matches|~)$/;
const EQUAL = /^(==|=|eq)$/;
const UPPER_CASE = /^(AND|OR|NOT|EQ|NE|GT|GE|LT|LE|IN|CONTAINS|MATCHES)$/;

/** For each token, the first rule that matches is applied. */
const RULES: readonly Rule[] = [
  setWithoutCommas,
  alternativesWithoutField,
  comparisonOfField,
  flagsAsText,
  bitWithoutComparison,
  wrongName,
  wrongOperator,
  wrongQuotes,
];

function edit(
  first: Token,
  last: Token,
  right: string,
  why: string,
  kind: Edit['kind'] = 'error',
): Edit {
  return { start: first.start, end: last.start + last.text.length, right, why, kind };
}

function isField(token: Token | undefined): token is Token {
  return (
    token?.kind === 'word' &&
    /^[a-z_][\w-]*(\.[\w-]+)+$/i.test(token.text) &&
    isIP(token.text) === 0
  );
}

function correctName(token: Token): string {
  return Object.hasOwn(FIELD_MISTAKES, token.text)
    ? (FIELD_MISTAKES[token.text] ?? '')
    : token.text;
}

function withoutQuotes({ kind, text }: Token): string {
  return kind === 'string' ? text.slice(1, -1) : text;
}

function setWithoutCommas(tokens: readonly Token[], at: number): Edit | undefined {
  const [before, open] = [tokens[at - 1], tokens[at]];
  if (before?.text !== 'in' || open?.text !== '{') return undefined;
  const end = tokens.findIndex(({ text }, place) => place > at && text === '}');
  const inside = tokens.slice(at + 1, end);
  const last = tokens[end];
  if (end < 0 || !last || inside.some(({ text }) => text === ',' || text === '..'))
    return undefined;
  if (inside.length < 2) return undefined;
  const right = `{${inside.map(({ text }) => text).join(', ')}}`;
  return edit(open, last, right, 'The values of a set are separated by commas.');
}

/** `tcp.port == 80 or 443`. */
function alternativesWithoutField(tokens: readonly Token[], at: number): Edit | undefined {
  const [field, operator, first] = [tokens[at], tokens[at + 1], tokens[at + 2]];
  if (!isField(field) || !operator || !EQUAL.test(operator.text) || !first) return undefined;
  const values = [first];
  let place = at + 3;
  while (/^(or|OR|\|\||\||,)$/.test(tokens[place]?.text ?? '')) {
    const next = tokens[place + 1];
    const after = tokens[place + 2]?.text ?? '';
    const isValue =
      next !== undefined &&
      (next.kind === 'string' || (next.kind === 'word' && /^\d|^[\da-f]*:/i.test(next.text))) &&
      !COMPARISON.test(after);
    if (!isValue) break;
    values.push(next);
    place += 2;
  }
  const last = values.at(-1);
  if (values.length === 1 || !last) return undefined;
  const right = `${correctName(field)} in {${values.map(({ text }) => text).join(', ')}}`;
  return edit(field, last, right, 'Each comparison needs the field; a set needs it only once.');
}

/** A comparison with an invalid value, operator or field. */
function comparisonOfField(tokens: readonly Token[], at: number): Edit | undefined {
  const [field, operator, value] = [tokens[at], tokens[at + 1], tokens[at + 2]];
  if (!isField(field) || !operator || !value || !COMPARISON.test(operator.text)) return undefined;
  // `=>` and `=<` are parsed as two tokens.
  if (value.kind !== 'word' && value.kind !== 'string') return undefined;
  const name = correctName(field);
  const correctedOperator = operator.text === '=' ? '==' : operator.text;
  const replaceWith = (right: string, why: string, kind?: Edit['kind']) =>
    edit(field, value, right, why, kind);
  const text = withoutQuotes(value);
  const isEqual = EQUAL.test(operator.text);

  if (name === 'frame.time' && value.kind === 'string') {
    const seconds = epochSeconds(text);
    if (seconds === undefined) return undefined;
    const why = `frame.time depends on the locale of the computer, frame.time_epoch does not: ${isoTime(seconds)}.`;
    return replaceWith(`frame.time_epoch ${correctedOperator} ${seconds}`, why, 'note');
  }
  if (/^ip(v6)?\./.test(name)) {
    const correction = addressComparison(
      name,
      operator.text,
      correctedOperator,
      text,
      value,
      replaceWith,
    );
    if (correction) return correction;
  }
  if (/^(tcp|udp|sctp)\.(port|srcport|dstport)$/.test(name)) {
    const [, first, last] = /^(\d+)-(\d+)$/.exec(text) ?? [];
    if (isEqual && first !== undefined)
      return replaceWith(
        `${name} in {${first}..${last}}`,
        'Write a range of ports as a set with two dots.',
      );
    if (value.kind === 'string' && /^\d+$/.test(text))
      return replaceWith(`${name} ${correctedOperator} ${text}`, 'Write numbers without quotes.');
    if (Object.hasOwn(SERVICE_PORTS, text))
      return replaceWith(
        `${name} ${correctedOperator} ${SERVICE_PORTS[text]}`,
        'Ports are compared as numbers.',
      );
  }
  if (/^(true|false)$/.test(text) && value.kind === 'word')
    return replaceWith(
      `${name} ${correctedOperator} ${text === 'true' ? 1 : 0}`,
      'A bit is 1 or 0.',
    );
  if (/^(!=|ne)$/.test(operator.text) && TWO_VALUE_FIELDS.test(name)) {
    const why = `${name} has two values in a packet. Since Wireshark 3.6, != means that neither is ${text}; earlier versions match if one of them is not. This form means "neither is" in all versions.`;
    return replaceWith(`!(${name} == ${value.text})`, why, 'note');
  }
  return undefined;
}

function addressComparison(
  name: string,
  operator: string,
  correctedOperator: string,
  text: string,
  value: Token,
  replaceWith: (right: string, why: string) => Edit,
): Edit | undefined {
  if (!/^ip(v6)?\.(addr|src|dst|host)$/.test(name)) return undefined;
  const [address = ''] = text.split('/');
  const family = isIP(address);
  const wildcard = parseWildcard(text);
  if (/^(contains|matches|~|==|=|eq)$/.test(operator) && wildcard !== undefined)
    return replaceWith(`${name} == ${wildcard}`, 'Write a part of an address as a network.');
  const [, first, last] = /^([\d.]+)-([\d.]+)$/.exec(text) ?? [];
  if (EQUAL.test(operator) && first !== undefined && isIP(first) === 4 && isIP(last ?? '') === 4)
    return replaceWith(
      `${name} in {${first}..${last}}`,
      'Write a range of addresses as a set with two dots.',
    );
  if (family === 6 && name.startsWith('ip.'))
    return replaceWith(
      `ipv6${name.slice(2)} ${correctedOperator} ${text}`,
      'ip. is for IPv4; IPv6 has its own fields.',
    );
  if (family === 4 && name.startsWith('ipv6.'))
    return replaceWith(
      `ip${name.slice(4)} ${correctedOperator} ${text}`,
      'ipv6. is for IPv6; IPv4 has its own fields.',
    );
  if (family !== 0 && value.kind === 'string')
    return replaceWith(`${name} ${correctedOperator} ${text}`, 'Write addresses without quotes.');
  return undefined;
}

/** Converts `10.0.*`, `10.0.0.*` or `10.0.` to a network. */
function parseWildcard(text: string): string | undefined {
  const [, knownParts = ''] = /^((?:\d{1,3}\.){1,3})(?:\*(?:\.\*)*)?$/.exec(text) ?? [];
  const prefixText = /^\d{1,3}(\.\d{1,3}){1,2}$/.test(text) ? `${text}.` : knownParts;
  const parts = prefixText.split('.').filter((part) => part !== '');
  if (parts.length === 0 || parts.some((part) => Number(part) > 255)) return undefined;
  const zeros = new Array<string>(4 - parts.length).fill('0');
  return `${[...parts, ...zeros].join('.')}/${parts.length * 8}`;
}

/** `tcp.flags == SYN`. */
function flagsAsText(tokens: readonly Token[], at: number): Edit | undefined {
  const [field, operator, value] = [tokens[at], tokens[at + 1], tokens[at + 2]];
  if (field?.text !== 'tcp.flags' || !operator || !EQUAL.test(operator.text) || !value)
    return undefined;
  const names = withoutQuotes(value)
    .toLowerCase()
    .split(/[+|,-]/);
  const flags: Record<string, string> = { rst: 'reset', reset: 'reset', psh: 'push' };
  const bits = names.map((name) => flags[name] ?? name);
  if (!bits.every((bit) => BIT_FIELDS.test(`tcp.flags.${bit}`))) return undefined;
  const right = bits.map((bit) => `tcp.flags.${bit} == 1`).join(' && ');
  return edit(field, value, right, 'Each flag has its own field.');
}

/** `tcp.flags.reset` alone. */
function bitWithoutComparison(tokens: readonly Token[], at: number): Edit | undefined {
  const field = tokens[at];
  if (field?.kind !== 'word' || !BIT_FIELDS.test(correctName(field))) return undefined;
  if (COMPARISON.test(tokens[at - 1]?.text ?? '')) return undefined;
  const next = tokens[at + 1]?.text ?? '';
  if (COMPARISON.test(next) || /^(in|not|&|\[)$/.test(next)) return undefined;
  const name = correctName(field);
  const protocol = name.slice(0, name.indexOf('.'));
  if (name !== field.text)
    return edit(field, field, `${name} == 1`, `There is no ${field.text}; the bit is ${name}.`);
  const why = `${name} alone matches if the field exists, which is the case in every ${protocol.toUpperCase()} packet.`;
  return edit(field, field, `${name} == 1`, why, 'note');
}

function wrongName(tokens: readonly Token[], at: number): Edit | undefined {
  const field = tokens[at];
  // A word after a comparison operator is a value.
  if (field?.kind !== 'word' || COMPARISON.test(tokens[at - 1]?.text ?? '')) return undefined;
  if (UPPER_CASE.test(field.text))
    return edit(field, field, field.text.toLowerCase(), 'Operators are in lower case.');
  if (!Object.hasOwn(FIELD_MISTAKES, field.text)) return undefined;
  const right = FIELD_MISTAKES[field.text] ?? '';
  const what = field.text.includes('.') ? 'field' : 'protocol';
  return edit(field, field, right, `There is no ${what} ${field.text}; it is ${right}.`);
}

function wrongOperator(tokens: readonly Token[], at: number): Edit | undefined {
  const [token, next] = [tokens[at], tokens[at + 1]];
  if (token?.kind !== 'operator') return undefined;
  const isAdjacent = next !== undefined && next.start === token.start + token.text.length;
  const pair = isAdjacent ? `${token.text}${next.text}` : '';
  const swapped: Record<string, string> = { '=>': '>=', '=<': '<=', '<>': '!=' };
  if (next && Object.hasOwn(swapped, pair))
    return edit(token, next, swapped[pair] ?? '', `There is no operator ${pair}.`);
  if (token.text === '=') return edit(token, token, '==', 'Write a comparison as ==.');
  if (token.text === '|') return edit(token, token, '||', 'Write "or" as || or or.');
  // After a slice, & is a bitwise operator.
  const isConjunction =
    next?.kind === 'word' && !/^(0x|\d)/.test(next.text) && tokens[at - 1]?.text !== ']';
  if (token.text === '&' && isConjunction)
    return edit(token, token, '&&', 'Write "and" as && or and; & masks bits.');
  return undefined;
}

function wrongQuotes(tokens: readonly Token[], at: number): Edit | undefined {
  const token = tokens[at];
  if (token?.kind !== 'string' || !token.text.startsWith("'")) return undefined;
  if (/^'(\\.+|.)'$/u.test(token.text)) return undefined;
  const right = `"${token.text.slice(1, -1).replaceAll('"', '\\"')}"`;
  return edit(
    token,
    token,
    right,
    'Strings need double quotes; single quotes are for one character.',
  );
}

function isoTime(seconds: string): string {
  return `${new Date(Number(seconds) * 1000).toISOString()}`;
}
