/**
 * A capture filter in the language of pcap-filter(7), as a tree. Only one function renders it as text, so that
 * parentheses are never forgotten: `and` and `or` have the same precedence in that language.
 */
export type CaptureFilter =
  | { readonly kind: 'test'; readonly text: string }
  | { readonly kind: 'expression'; readonly text: string }
  | { readonly kind: 'all' | 'any'; readonly of: readonly CaptureFilter[] }
  | { readonly kind: 'not'; readonly of: CaptureFilter };

/** A single test without `and`, `or` or `not`, such as `port 53` or `tcp[13] & 4 != 0`. */
export function test(text: string): CaptureFilter {
  return { kind: 'test', text };
}

/** An expression of any form, for example one that the user wrote. */
export function expression(text: string): CaptureFilter {
  return { kind: 'expression', text };
}

/** Matches every packet. Its negation cannot be rendered, because libpcap refuses a filter that matches nothing. */
export const everyPacket: CaptureFilter = { kind: 'all', of: [] };

/** Matches packets that match all of the filters; every packet if there are none. */
export function allOf(filters: readonly CaptureFilter[]): CaptureFilter {
  return combine('all', filters);
}

/** Matches packets that match any of the filters, which are tried in this order. Needs at least one filter. */
export function anyOf(filters: readonly CaptureFilter[]): CaptureFilter {
  return filters.some(matchesAll) ? everyPacket : combine('any', filters);
}

/** Matches packets that do not match the filter. */
export function not(of: CaptureFilter): CaptureFilter {
  return { kind: 'not', of };
}

function combine(kind: 'all' | 'any', filters: readonly CaptureFilter[]): CaptureFilter {
  const of = filters.flatMap((filter) => (filter.kind === kind ? filter.of : [filter]));
  const [single] = of;
  return single !== undefined && of.length === 1 ? single : { kind, of };
}

/** The filter as text for tcpdump, dumpcap or Wireshark; undefined if it matches every packet. */
export function renderCaptureFilter(filter: CaptureFilter): string | undefined {
  return matchesAll(filter) ? undefined : renderText(filter);
}

function matchesAll(filter: CaptureFilter): boolean {
  return filter.kind === 'all' && filter.of.length === 0;
}

function renderText(filter: CaptureFilter): string {
  switch (filter.kind) {
    case 'test':
    case 'expression':
      return filter.text;
    case 'not':
      return `not ${renderOperand(filter.of)}`;
    default:
      return filter.of.map(renderOperand).join(filter.kind === 'all' ? ' and ' : ' or ');
  }
}

/** The text of a filter that is part of a larger one. */
function renderOperand(filter: CaptureFilter): string {
  return filter.kind === 'test' || filter.kind === 'not'
    ? renderText(filter)
    : `(${renderText(filter)})`;
}
