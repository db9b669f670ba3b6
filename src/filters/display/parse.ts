import { type Token, tokenizeDisplayFilter } from './tokens.ts';

/** A display filter as a tree (wireshark-filter(4)). */
export type DisplayExpression =
  | { readonly kind: 'and' | 'or' | 'xor'; readonly of: readonly DisplayExpression[] }
  | { readonly kind: 'not'; readonly of: DisplayExpression }
  | { readonly kind: 'exists'; readonly field: Field }
  | {
      readonly kind: 'compare';
      readonly field: Field;
      readonly operator: Comparison;
      readonly value: FilterValue;
    }
  | { readonly kind: 'in'; readonly field: Field; readonly ranges: readonly ValueRange[] };

export interface Field {
  readonly name: string;
  /** A slice of it: `[0:4]` as written, without brackets. */
  readonly slice?: string;
  /** A function that is applied to it: `len`, `lower`, `upper`. */
  readonly function?: string;
}

export interface FilterValue {
  readonly text: string;
  readonly quoted: boolean;
}

export interface ValueRange {
  readonly first: FilterValue;
  readonly last: FilterValue;
}

/** The operators `any !=` and `all ==` are written `!==` and `===`. */
export type Comparison =
  | '=='
  | '!='
  | '==='
  | '!=='
  | '<'
  | '<='
  | '>'
  | '>='
  | 'contains'
  | 'matches'
  | '&';

const COMPARISONS: Readonly<Record<string, Comparison>> = {
  eq: '==',
  any_eq: '==',
  ne: '!=',
  all_ne: '!=',
  all_eq: '===',
  any_ne: '!==',
  gt: '>',
  ge: '>=',
  lt: '<',
  le: '<=',
  bitwise_and: '&',
  '~': 'matches',
  ...Object.fromEntries(
    (['==', '!=', '===', '!==', '<', '<=', '>', '>=', 'contains', 'matches', '&'] as const).map(
      (operator) => [operator, operator],
    ),
  ),
};

/** A display filter is invalid, or uses a part of the language that is not supported here. */
export class DisplaySyntaxError extends Error {
  /** The unexpected token; undefined at the end of the filter. */
  readonly token: Token | undefined;

  constructor(message: string, token?: Token) {
    super(message);
    this.token = token;
  }
}

/** Parses a display filter. Throws DisplaySyntaxError. */
export function parseDisplayFilter(text: string): DisplayExpression {
  const parser = new Parser(tokenizeDisplayFilter(text));
  const expression = parser.parseOr();
  parser.expectEnd();
  return expression;
}

class Parser {
  readonly #tokens: readonly Token[];
  #at = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  expectEnd(): void {
    const token = this.#tokens[this.#at];
    if (token) throw unexpectedToken(token);
  }

  parseOr(): DisplayExpression {
    return this.#list('or', ['or', '||'], () =>
      this.#list('xor', ['xor', '^^'], () => this.#list('and', ['and', '&&'], () => this.#not())),
    );
  }

  #list(
    kind: 'and' | 'or' | 'xor',
    words: readonly string[],
    part: () => DisplayExpression,
  ): DisplayExpression {
    const of = [part()];
    while (this.#accept(words)) of.push(part());
    const [single] = of;
    return single !== undefined && of.length === 1 ? single : { kind, of };
  }

  #not(): DisplayExpression {
    if (this.#accept(['not', '!'])) return { kind: 'not', of: this.#not() };
    if (this.#accept(['('])) {
      const inner = this.parseOr();
      this.#expect(')');
      return inner;
    }
    return this.#test();
  }

  #test(): DisplayExpression {
    const field = this.#field();
    const isNot = this.#peek()?.text === 'not' && this.#peek(1)?.text === 'in';
    if (isNot) this.#at += 1;
    if (this.#accept(['in'])) {
      const of = { kind: 'in', field, ranges: this.#set() } as const;
      return isNot ? { kind: 'not', of } : of;
    }
    const operator = Object.hasOwn(COMPARISONS, this.#peek()?.text ?? '')
      ? COMPARISONS[this.#peek()?.text ?? '']
      : undefined;
    if (operator === undefined) return { kind: 'exists', field };
    this.#at += 1;
    return { kind: 'compare', field, operator, value: this.#value() };
  }

  #field(): Field {
    const token = this.#next();
    if (token.kind !== 'word' || !/^[a-z_][\w.-]*$/i.test(token.text)) throw unexpectedToken(token);
    if (this.#accept(['('])) {
      const inner = this.#field();
      this.#expect(')');
      return { ...inner, function: token.text };
    }
    if (!this.#accept(['['])) return { name: token.text };
    let slice = '';
    while (this.#peek() && this.#peek()?.text !== ']') slice += this.#next().text;
    this.#expect(']');
    return { name: token.text, slice };
  }

  #set(): ValueRange[] {
    this.#expect('{');
    const ranges: ValueRange[] = [];
    do {
      const first = this.#value();
      ranges.push({ first, last: this.#accept(['..']) ? this.#value() : first });
    } while (this.#accept([',']));
    this.#expect('}');
    return ranges;
  }

  #value(): FilterValue {
    const token = this.#next();
    if (token.kind === 'string') return { text: unquote(token.text), quoted: true };
    if (token.kind !== 'word') throw unexpectedToken(token);
    return { text: token.text, quoted: false };
  }

  #peek(ahead = 0): Token | undefined {
    return this.#tokens[this.#at + ahead];
  }

  #next(): Token {
    const token = this.#tokens[this.#at];
    if (!token) throw new DisplaySyntaxError('the filter ends too early');
    this.#at += 1;
    return token;
  }

  #accept(words: readonly string[]): boolean {
    const token = this.#peek();
    if (!token || token.kind === 'string' || !words.includes(token.text)) return false;
    this.#at += 1;
    return true;
  }

  #expect(text: string): void {
    const token = this.#next();
    if (token.text !== text) throw unexpectedToken(token);
  }
}

function unexpectedToken(token: Token): DisplaySyntaxError {
  return new DisplaySyntaxError(`unexpected "${token.text}"`, token);
}

/** The text of a string in double quotes or of a character constant, with escapes as in C. */
function unquote(text: string): string {
  return text.slice(1, -1).replace(/\\(x[0-9a-f]{1,2}|.)/gis, (_all, sequence: string) => {
    const escapes: Record<string, string> = { n: '\n', r: '\r', t: '\t', 0: '\0' };
    if (/^x[0-9a-f]/i.test(sequence))
      return String.fromCharCode(Number.parseInt(sequence.slice(1), 16));
    return escapes[sequence] ?? sequence;
  });
}
