import { type IpRecord, number, parseIpRecords, present, text } from './records.ts';

/** A rule of the routing policy for IPv4 or IPv6, as `ip -j rule` prints it. */
export interface RoutingRule {
  readonly family: 'inet' | 'inet6';
  readonly priority: number;
  /** A prefix, or `all`. */
  readonly source: string;
  readonly destination: string;
  readonly inputDevice?: string;
  readonly outputDevice?: string;
  /** Hexadecimal, as ip prints them. */
  readonly mark?: string;
  readonly mask?: string;
  /** The table to look up; undefined if the rule has an action instead. */
  readonly table?: string;
  /** unreachable, blackhole, prohibit, nop, goto … */
  readonly action?: string;
  /** Whether the rule inverts its selector with `not`. */
  readonly inverted?: boolean;
  /** Routes with a prefix of at most this length are ignored. */
  readonly suppressPrefixLength?: number;
  /** Port and protocol selectors, as ip prints them. */
  readonly protocol?: string;
  readonly sourcePort?: string;
  readonly destinationPort?: string;
}

/** Parses the output of `ip -j rule` or `ip -6 -j rule`, which does not contain the family. */
export function parseRules(output: string, family: RoutingRule['family']): RoutingRule[] {
  return routingRulesOf(parseIpRecords(output), family);
}

export function routingRulesOf(
  records: readonly IpRecord[],
  family: RoutingRule['family'],
): RoutingRule[] {
  return records.map((raw) => parseRule(raw, family)).filter((rule) => rule !== undefined);
}

function parseRule(raw: IpRecord, family: RoutingRule['family']): RoutingRule | undefined {
  const priority = number(raw.priority);
  if (priority === undefined) return undefined;
  return {
    family,
    priority,
    source: prefix(raw.src, raw.srclen),
    destination: prefix(raw.dst, raw.dstlen),
    ...present({
      inputDevice: text(raw.iif),
      outputDevice: text(raw.oif),
      mark: text(raw.fwmark),
      mask: text(raw.fwmask),
      table: text(raw.table),
      action: text(raw.action),
      inverted: 'not' in raw ? true : undefined,
      suppressPrefixLength: number(raw.suppress_prefixlen),
      protocol: text(raw.ipproto),
      sourcePort: range(raw, 'sport'),
      destinationPort: range(raw, 'dport'),
    }),
  };
}

function prefix(address: unknown, length: unknown): string {
  const base = text(address) ?? 'all';
  const bits = number(length);
  return bits === undefined ? base : `${base}/${bits}`;
}

/** One port, or `sport_start` and `sport_end`. */
function range(raw: IpRecord, name: 'sport' | 'dport'): string | undefined {
  const [first, last] = [text(raw[`${name}_start`]), text(raw[`${name}_end`])];
  return first !== undefined && last !== undefined ? `${first}-${last}` : text(raw[name]);
}
