import { displayTokens, type Token } from './tokens.ts';

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
  const parser = new Parser(displayTokens(text));
  const expression = parser.or();
  parser.end();
  return expression;
}

class Parser {
  readonly #tokens: readonly Token[];
  #at = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  end(): void {
    const token = this.#tokens[this.#at];
    if (token) throw unexpected(token);
  }

  or(): DisplayExpression {
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
    while (this.#takes(words)) of.push(part());
    const [only] = of;
    return only !== undefined && of.length === 1 ? only : { kind, of };
  }

  #not(): DisplayExpression {
    if (this.#takes(['not', '!'])) return { kind: 'not', of: this.#not() };
    if (this.#takes(['('])) {
      const inner = this.or();
      this.#expect(')');
      return inner;
    }
    return this.#test();
  }

  #test(): DisplayExpression {
    const field = this.#field();
    const isNot = this.#peek()?.text === 'not' && this.#peek(1)?.text === 'in';
    if (isNot) this.#at += 1;
    if (this.#takes(['in'])) {
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
    if (token.kind !== 'word' || !/^[a-z_][\w.-]*$/i.test(token.text)) throw unexpected(token);
    if (this.#takes(['('])) {
      const inner = this.#field();
      this.#expect(')');
      return { ...inner, function: token.text };
    }
    if (!this.#takes(['['])) return { name: token.text };
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
      ranges.push({ first, last: this.#takes(['..']) ? this.#value() : first });
    } while (this.#takes([',']));
    this.#expect('}');
    return ranges;
  }

  #value(): FilterValue {
    const token = this.#next();
    if (token.kind === 'string') return { text: unquoted(token.text), quoted: true };
    if (token.kind !== 'word') throw unexpected(token);
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

  #takes(words: readonly string[]): boolean {
    const token = this.#peek();
    if (!token || token.kind === 'string' || !words.includes(token.text)) return false;
    this.#at += 1;
    return true;
  }

  #expect(text: string): void {
    const token = this.#next();
    if (token.text !== text) throw unexpected(token);
  }
}

function unexpected(token: Token): DisplaySyntaxError {
  return new DisplaySyntaxError(`unexpected "${token.text}"`, token);
}

/** The text of a string in double quotes or of a character constant, with escapes as in C. */
function unquoted(text: string): string {
  return text.slice(1, -1).replace(/\\(x[0-9a-f]{1,2}|.)/gis, (_all, sequence: string) => {
    const known: Record<string, string> = { n: '\n', r: '\r', t: '\t', 0: '\0' };
    if (/^x[0-9a-f]/i.test(sequence))
      return String.fromCharCode(Number.parseInt(sequence.slice(1), 16));
    return known[sequence] ?? sequence;
  });
}
