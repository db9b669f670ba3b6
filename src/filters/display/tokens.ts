/** A token of a filter expression and its position. */
export interface Token {
  readonly kind: 'word' | 'string' | 'operator' | 'punctuation' | 'unknown';
  readonly text: string;
  readonly start: number;
}

/**
 * In this order: strings with their quotes, character constants, operators, punctuation, and words (fields, numbers,
 * addresses). Two dots separate the ends of a range.
 */
const TOKEN =
  /\s+|(?<string>"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')|(?<operator>===|!==|==|!=|<=|>=|&&|\|\||\^\^|\.\.|[<>!=&|~])|(?<punctuation>[(){}[\],])|(?<word>(?:[\w:/*@%+-]|\.(?!\.))+)|(?<unknown>.)/gsu;

/** Splits a display filter into tokens. Characters that the language does not use are `unknown`. */
export function tokenizeDisplayFilter(text: string): Token[] {
  const tokens: Token[] = [];
  for (const match of text.matchAll(TOKEN)) {
    const kinds = ['string', 'operator', 'punctuation', 'word', 'unknown'] as const;
    const kind = kinds.find((name) => match.groups?.[name] !== undefined);
    if (kind) tokens.push({ kind, text: match[0], start: match.index });
  }
  return tokens;
}
