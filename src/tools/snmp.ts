/**
 * Parses /proc/net/snmp and /proc/net/netstat: for each group, a line with names and a line with values. Returns
 * counters under the names that nstat uses: IpForwDatagrams, TcpExtListenDrops.
 */
export function parseSnmp(text: string): Record<string, number> {
  const counters: Record<string, number> = {};
  let names: string[] = [];
  for (const line of text.split('\n')) {
    const [group = '', ...words] = line.trim().split(/\s+/);
    if (!group.endsWith(':')) continue;
    if (words.every((word) => /^-?\d+$/.test(word))) {
      for (const [index, name] of names.entries())
        counters[group.slice(0, -1) + name] = Number(words[index] ?? 0);
    } else names = words;
  }
  return counters;
}

/** Parses /proc/net/snmp6: a name and a value on each line. */
export function parseSnmp6(text: string): Record<string, number> {
  const pairs = text.split('\n').map((line) => line.trim().split(/\s+/));
  return Object.fromEntries(
    pairs
      .filter(([name, value]) => name !== undefined && value !== undefined && /^\d+$/.test(value))
      .map(([name, value]) => [name, Number(value)]),
  );
}
