import { isIP } from 'node:net';
import {
  addressCondition,
  all,
  any,
  type Condition,
  type DirectionQualifier,
  TCP_FLAGS,
  type TcpFlag,
} from '../condition.ts';

/** A capture filter is invalid, as far as that is known without libpcap. */
export class CaptureSyntaxError extends Error {}

export interface CaptureToken {
  readonly text: string;
  readonly start: number;
}

const TOKEN = /&&|\|\||<<|>>|[!=<>]=|[()!=<>&|^+*%]|(?:[^\s()[\]!=<>&|^+*%]|(?<=\.)\*)+|\S/gy;

/**
 * Splits a filter into words, numbers, operators and parentheses (pcap-filter(7)). A part in brackets,
 * including the brackets, is one token.
 */
export function tokenizeCaptureFilter(text: string): CaptureToken[] {
  const tokens: CaptureToken[] = [];
  for (let start = 0; start < text.length; ) {
    TOKEN.lastIndex = start;
    const token = text[start] === '[' ? readBrackets(text, start) : TOKEN.exec(text)?.[0];
    if (token !== undefined) tokens.push({ text: token, start });
    start += token?.length ?? 1;
  }
  return tokens;
}

function readBrackets(text: string, start: number): string {
  let depth = 0;
  for (let at = start; at < text.length; at += 1) {
    if (text[at] === '[') depth += 1;
    if (text[at] === ']') depth -= 1;
    if (depth === 0) return text.slice(start, at + 1);
  }
  return text.slice(start);
}

/** Parses a capture filter. Parts that are not understood are kept as written. Throws CaptureSyntaxError. */
export function parseCaptureFilter(text: string): Condition {
  const parser = new Parser(text);
  return parser.parse();
}

const PROTOCOLS: Readonly<Record<string, string>> = {
  ...Object.fromEntries(
    ['tcp', 'udp', 'icmp', 'arp', 'ip', 'sctp', 'igmp', 'esp', 'ah', 'rarp'].map((name) => [
      name,
      name,
    ]),
  ),
  icmp6: 'icmpv6',
  ip6: 'ipv6',
};

/** The qualifiers before an ID. An ID without qualifiers has those of the previous ID. */
interface Qualifiers {
  readonly protocol?: string;
  readonly direction: DirectionQualifier;
  readonly type?: 'host' | 'net' | 'port' | 'portrange';
}

class Parser {
  readonly #text: string;
  readonly #tokens: readonly CaptureToken[];
  #at = 0;
  #lastQualifiers: Qualifiers = { direction: 'either' };

  constructor(text: string) {
    this.#text = text;
    this.#tokens = tokenizeCaptureFilter(text);
  }

  parse(): Condition {
    if (this.#tokens.length === 0) return all([]);
    const condition = this.#list();
    if (this.#peek() !== undefined) throw new CaptureSyntaxError(`unexpected "${this.#peek()}"`);
    return condition;
  }

  /** `and` and `or` have the same precedence, from left to right. */
  #list(): Condition {
    let condition = this.#operand();
    for (;;) {
      if (this.#accept('and', '&&')) condition = all([condition, this.#operand()]);
      else if (this.#accept('or', '||')) condition = any([condition, this.#operand()]);
      else return condition;
    }
  }

  #operand(): Condition {
    if (this.#accept('not', '!')) return { kind: 'not', of: this.#operand() };
    const start = this.#at;
    if (this.#accept('(')) {
      const inner = this.#list();
      if (this.#accept(')') && !this.#isArithmetic()) return inner;
      // It was the start of arithmetic, as in (tcp[12] & 0xf0) >> 2 = 5.
      this.#at = start;
    }
    return this.#primitive() ?? this.#other(start);
  }

  #isArithmetic(): boolean {
    return /^([!=<>]=?|<<|>>|[&|+*%/^-])$/.test(this.#peek() ?? '');
  }

  #primitive(): Condition | undefined {
    const flag = this.#flag();
    if (flag) return flag;
    const first = this.#peek() ?? '';
    const isGreater = first === 'greater';
    if ((isGreater || first === 'less') && /^\d+$/.test(this.#peek(1) ?? '')) {
      this.#at += 2;
      const bytes = Number(this.#tokens[this.#at - 1]?.text);
      return { kind: 'length', of: 'frame', operator: isGreater ? '>=' : '<=', bytes };
    }
    const start = this.#at;
    const protocol = this.#protocol();
    const direction = this.#direction();
    const type = this.#type();
    const id = this.#peek();
    const isId = id !== undefined && /^[\w.:/-]+$/.test(id) && !/^(and|or|not)$/.test(id);
    if (!isId || this.#isUnknown(start)) {
      // A protocol without qualifiers after it.
      if (protocol !== undefined && this.#at === start + 1 && this.#isEnd()) {
        this.#lastQualifiers = { direction: 'either' };
        return { kind: 'protocol', name: protocol };
      }
      this.#at = start;
      return undefined;
    }
    const hasQualifiers = this.#at > start;
    const qualifiers: Qualifiers = hasQualifiers
      ? {
          direction: direction ?? 'either',
          ...(protocol !== undefined && { protocol }),
          ...(type !== undefined && { type }),
        }
      : this.#lastQualifiers;
    this.#at += 1;
    const condition = this.#isEnd() ? toCondition(qualifiers, id) : undefined;
    if (!condition) {
      this.#at = start;
      return undefined;
    }
    this.#lastQualifiers = qualifiers;
    return condition;
  }

  #isUnknown(start: number): boolean {
    return (
      this.#at === start &&
      this.#lastQualifiers.type === undefined &&
      isIP(this.#peek() ?? '') === 0
    );
  }

  /** `tcp[tcpflags] & tcp-rst != 0` and the same with numbers. */
  #flag(): Condition | undefined {
    const words = [0, 1, 2, 3, 4, 5].map((ahead) => this.#peek(ahead) ?? '');
    const [place = '', index = '', and, mask = '', compare = '', zero] = words;
    if (place !== 'tcp' || !/^\[(tcpflags|13)\]$/.test(index) || and !== '&' || zero !== '0')
      return undefined;
    const flagName = mask.replace(/^tcp-/, '').replace('rst', 'reset');
    const name = (Object.keys(TCP_FLAGS) as TcpFlag[]).find(
      (flag) => flag === flagName || TCP_FLAGS[flag] === Number(mask),
    );
    if (!name || !/^(!=|=|==)$/.test(compare)) return undefined;
    this.#at += words.length;
    return { kind: 'flag', name, set: compare === '!=' };
  }

  /** The rest of this operand, as written. */
  #other(start: number): Condition {
    const first = this.#tokens[start];
    if (!first || first.text === ')') throw new CaptureSyntaxError('the filter ends too early');
    this.#at = start;
    let depth = 0;
    for (; ; this.#at += 1) {
      const word = this.#peek();
      if (word === undefined) break;
      if (depth === 0 && /^(and|or|&&|\|\||\))$/.test(word)) break;
      if (word === '(') depth += 1;
      if (word === ')') depth -= 1;
    }
    if (depth > 0 || this.#at === start) throw new CaptureSyntaxError('a parenthesis is missing');
    const last = this.#tokens[this.#at - 1];
    const end = (last?.start ?? 0) + (last?.text.length ?? 0);
    this.#lastQualifiers = { direction: 'either' };
    return { kind: 'other', language: 'capture', text: this.#text.slice(first.start, end) };
  }

  #protocol(): string | undefined {
    const word = this.#peek() ?? '';
    if (word === 'ether') {
      this.#at += 1;
      return 'ether';
    }
    if (!Object.hasOwn(PROTOCOLS, word)) return undefined;
    this.#at += 1;
    return PROTOCOLS[word];
  }

  #direction(): DirectionQualifier | undefined {
    if (!this.#accept('src', 'dst')) return undefined;
    const first = this.#tokens[this.#at - 1]?.text;
    const [conjunction, second] = [this.#peek(), this.#peek(1)];
    if (conjunction === 'or' && (second === 'src' || second === 'dst') && second !== first) {
      this.#at += 2;
      return 'either';
    }
    return first === 'src' ? 'source' : 'destination';
  }

  #type(): Qualifiers['type'] {
    const types = ['host', 'net', 'port', 'portrange'] as const;
    const type = types.find((candidate) => candidate === this.#peek());
    if (type) this.#at += 1;
    return type;
  }

  #isEnd(): boolean {
    return /^(and|or|&&|\|\||\))?$/.test(this.#peek() ?? '');
  }

  #peek(ahead = 0): string | undefined {
    return this.#tokens[this.#at + ahead]?.text;
  }

  #accept(...words: readonly string[]): boolean {
    if (!words.includes(this.#peek() ?? '')) return false;
    this.#at += 1;
    return true;
  }
}

/** The condition for an ID with its qualifiers; undefined if it is not understood here (a host name). */
function toCondition({ protocol, direction, type }: Qualifiers, id: string): Condition | undefined {
  if (type === 'port' || type === 'portrange') {
    const [first = '', last = first] = type === 'port' ? [id] : id.split('-');
    if (!/^\d+$/.test(first) || !/^\d+$/.test(last)) return undefined;
    const ports = { direction, first: Number(first), last: Number(last) };
    if (protocol === undefined) return { kind: 'port', ...ports };
    return /^(tcp|udp|sctp)$/.test(protocol) ? { kind: 'port', protocol, ...ports } : undefined;
  }
  const of = addressCondition(id, direction, protocol === 'ether');
  if (of === undefined || of.family === 'mac') return of;
  const isNetwork = of.prefix !== undefined;
  if ((type === 'net') !== isNetwork && !(type === undefined && isNetwork)) return undefined;
  if (protocol === undefined) return of;
  return all([{ kind: 'protocol', name: protocol }, of]);
}
