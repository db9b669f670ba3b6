import { type IpRecord, number, parseIpRecords, present, text } from './records.ts';

/** A rule of the routing policy, as `ip -j rule` prints it; IPv6 rules beside those of IPv4. */
export interface RoutingRule {
  readonly family: 'inet' | 'inet6';
  readonly priority: number;
  /** A prefix, or `all`. */
  readonly source: string;
  readonly destination: string;
  readonly inputDevice?: string;
  readonly outputDevice?: string;
  /** As ip prints them: hexadecimal. */
  readonly mark?: string;
  readonly mask?: string;
  /** The table that is looked up; absent where an action is taken instead. */
  readonly table?: string;
  /** unreachable, blackhole, prohibit, nop, goto … */
  readonly action?: string;
  /** Whether `not` inverts the selector. */
  readonly inverted?: boolean;
  /** Routes with a prefix of at most this length are ignored. */
  readonly suppressPrefixLength?: number;
  /** Of port and protocol selectors: as ip prints them. */
  readonly protocol?: string;
  readonly sourcePort?: string;
  readonly destinationPort?: string;
}

/** Reads `ip -j rule` or `ip -6 -j rule`, which do not say of which family they are. */
export function parseRules(output: string, family: RoutingRule['family']): RoutingRule[] {
  return routingRulesOf(parseIpRecords(output), family);
}

export function routingRulesOf(
  found: readonly IpRecord[],
  family: RoutingRule['family'],
): RoutingRule[] {
  return found.map((raw) => parseRule(raw, family)).filter((rule) => rule !== undefined);
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
