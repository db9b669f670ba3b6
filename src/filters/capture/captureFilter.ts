/**
 * A capture filter in the language of pcap-filter(7), as a tree. It becomes text in one place, so that
 * parentheses are never forgotten: in that language `and` and `or` have the same precedence.
 */
export type CaptureFilter =
  | { readonly kind: 'test'; readonly text: string }
  | { readonly kind: 'expression'; readonly text: string }
  | { readonly kind: 'all' | 'any'; readonly of: readonly CaptureFilter[] }
  | { readonly kind: 'not'; readonly of: CaptureFilter };

/** One test without `and`, `or` or `not`, such as `port 53` or `tcp[13] & 4 != 0`. */
export function test(text: string): CaptureFilter {
  return { kind: 'test', text };
}

/** An expression of any form, such as one that the user wrote. */
export function expression(text: string): CaptureFilter {
  return { kind: 'expression', text };
}

/** Matches every packet. Only a negation of it cannot be rendered: libpcap refuses a filter that matches nothing. */
export const everyPacket: CaptureFilter = { kind: 'all', of: [] };

/** Matches what all of the filters match; every packet when there is none. */
export function allOf(filters: readonly CaptureFilter[]): CaptureFilter {
  return combined('all', filters);
}

/** Matches what any of the filters matches, tried in this order. At least one is needed. */
export function anyOf(filters: readonly CaptureFilter[]): CaptureFilter {
  return filters.some(matchesAll) ? everyPacket : combined('any', filters);
}

/** Matches what the filter does not match. */
export function not(of: CaptureFilter): CaptureFilter {
  return { kind: 'not', of };
}

function combined(kind: 'all' | 'any', filters: readonly CaptureFilter[]): CaptureFilter {
  const of = filters.flatMap((one) => (one.kind === kind ? one.of : [one]));
  const [only] = of;
  return only !== undefined && of.length === 1 ? only : { kind, of };
}

/** The text for tcpdump, dumpcap or Wireshark; undefined for a filter that matches every packet. */
export function renderCaptureFilter(filter: CaptureFilter): string | undefined {
  return matchesAll(filter) ? undefined : textOf(filter);
}

function matchesAll(filter: CaptureFilter): boolean {
  return filter.kind === 'all' && filter.of.length === 0;
}

function textOf(filter: CaptureFilter): string {
  switch (filter.kind) {
    case 'test':
    case 'expression':
      return filter.text;
    case 'not':
      return `not ${operand(filter.of)}`;
    default:
      return filter.of.map(operand).join(filter.kind === 'all' ? ' and ' : ' or ');
  }
}

/** The text of a part of a larger filter. */
function operand(filter: CaptureFilter): string {
  return filter.kind === 'test' || filter.kind === 'not' ? textOf(filter) : `(${textOf(filter)})`;
}
