/**
 * Parses the output of `grep '' FILE…` in /proc/sys/net: `ipv4/conf/eth0/rp_filter:1`. File names do not contain
 * colons.
 */
export function parseSysctls(text: string): Record<string, string> {
  const values: Record<string, string> = {};
  for (const line of text.split('\n')) {
    const colon = line.indexOf(':');
    if (colon > 0) values[line.slice(0, colon)] = line.slice(colon + 1).trim();
  }
  return values;
}
