import { parseSnmp } from '../../tools/snmp.ts';

/** The counters of a namespace, by name. Rules that drop packets are named by their text. */
export type Counters = ReadonlyMap<string, number>;

/** A counter that grew while the probe ran. */
export interface Growth {
  readonly node: string;
  readonly netns: number;
  /** nstat's name of the counter, `eth0 rx dropped`, or a rule with its chain. */
  readonly counter: string;
  readonly by: number;
}

/** nstat counters that explain why packets were dropped. */
const DROP_COUNTERS =
  /^(?:UdpInCsumErrors|UdpInErrors|UdpRcvbufErrors|UdpNoPorts|TcpInCsumErrors|TcpInErrs|TcpExtListenDrops|TcpExtListenOverflows|TcpExtIPReversePathFilter|IPReversePathFilter|IpExtInNoRoutes|IpExtInCsumErrors|IpInAddrErrors|IpInHdrErrors|IpInDiscards|IpOutDiscards|IpOutNoRoutes|IpInUnknownProtos|IpFragFails|IpReasmFails|Ip6InHdrErrors|Ip6InTooBigErrors|Ip6InNoRoutes|Ip6InAddrErrors|Ip6InDiscards|Ip6OutDiscards|Ip6OutNoRoutes|Ip6FragFails|Ip6ReasmFails|Udp6InErrors|Udp6NoPorts|Udp6RcvbufErrors|Udp6InCsumErrors)$/;
/** Columns in /proc/net/dev. */
const DEVICE_COLUMNS: readonly (readonly [column: number, name: string])[] = [
  [2, 'rx errors'],
  [3, 'rx dropped'],
  [10, 'tx errors'],
  [11, 'tx dropped'],
  [14, 'tx carrier errors'],
];
const RULE_COUNTERS = /\[(\d+):\d+\]|counter packets (\d+) bytes \d+/;

/** Parses what counters.sh prints for a namespace. */
export function parseCounters(text: string): Counters {
  const readings = new Map<string, number>();
  for (const [name, value] of Object.entries(parseSnmp(text)))
    if (DROP_COUNTERS.test(name)) readings.set(name, value);
  for (const line of text.split('\n')) {
    const [word = '', device = '', ...values] = line.trim().split(/\s+/);
    if (word === 'device')
      for (const [column, name] of DEVICE_COLUMNS)
        readings.set(`${device} ${name}`, Number(values[column] ?? 0));
    if (word === 'snmp6' && DROP_COUNTERS.test(device)) readings.set(device, Number(values[0]));
    if (word !== 'rule') continue;
    const counters = RULE_COUNTERS.exec(line);
    if (counters === null) continue;
    const rule = line
      .replace(/^rule /, '')
      .replace(RULE_COUNTERS, '')
      .replaceAll(/\s+/g, ' ')
      .trim();
    readings.set(rule, (readings.get(rule) ?? 0) + Number(counters[1] ?? counters[2] ?? 0));
  }
  return readings;
}

/** The counters that grew between two readings. */
export function growthOf(
  before: Counters,
  after: Counters,
  where: { readonly node: string; readonly netns: number },
): Growth[] {
  return [...after].flatMap(([counter, value]) => {
    const by = value - (before.get(counter) ?? 0);
    return by > 0 ? [{ ...where, counter, by }] : [];
  });
}
