import { parseAddress } from '../address.ts';

/** The kernel refuses filters with more addresses than this. Then all packets of the protocols are watched. */
const MAX_ADDRESSES = 40;
/** The ports of VXLAN (Linux's and IANA's) and Geneve. */
const TUNNEL_PORTS = [8472, 4789, 6081];
/** Bytes from the UDP header to the inner packet: 8 of UDP, 8 of VXLAN or Geneve without options, 14 of Ethernet. */
const INNER_AT = 30;

/**
 * A pcap-filter(7) expression for packets from or to these addresses, plain and inside tunnels. libpcap 1.10 has
 * no keyword for VXLAN, and keywords that enter a tunnel would change all offsets after them, so inner addresses
 * are compared at fixed offsets.
 */
export function watchFilter(addresses: readonly string[], underlay: readonly string[]): string {
  const valid = [...new Set(addresses)].filter((text) => parseAddress(text) !== undefined);
  const hosts = valid.slice(0, MAX_ADDRESSES).map((address) => `host ${address}`);
  const plainTests = valid.length > MAX_ADDRESSES || hosts.length === 0 ? ['ip or ip6'] : hosts;
  const innerTunnelTests = valid.slice(0, MAX_ADDRESSES).flatMap(innerTests);
  const ports = TUNNEL_PORTS.map((port) => `udp port ${port}`).join(' or ');
  // Over IPv6, libpcap cannot look into UDP.
  const tunnels = [
    ...(innerTunnelTests.length > 0 ? [`((${ports}) and (${innerTunnelTests.join(' or ')}))`] : []),
    `(ip6 and (${ports}))`,
    ...['proto 4', 'proto 41', 'proto 47'],
  ];
  const nodes = underlay.filter((text) => parseAddress(text) !== undefined);
  const underlayTests =
    nodes.length === 0
      ? tunnels.join(' or ')
      : `(${nodes.map((node) => `host ${node}`).join(' or ')}) and (${tunnels.join(' or ')})`;
  return `((tcp or udp or icmp or icmp6) and (${plainTests.join(' or ')})) or (${underlayTests})`;
}

/** A filter for packets between two groups of addresses, in both directions, plain and inside tunnels. */
export function pairFilter(a: readonly string[], b: readonly string[]): string {
  const [from, to] = [a, b].map((addresses) =>
    [...new Set(addresses)]
      .filter((text) => parseAddress(text) !== undefined)
      .slice(0, MAX_ADDRESSES),
  ) as [string[], string[]];
  const hosts = (addresses: readonly string[]) =>
    addresses.map((address) => `host ${address}`).join(' or ');
  const ports = TUNNEL_PORTS.map((port) => `udp port ${port}`).join(' or ');
  const tunnelTests = from.flatMap((source) =>
    to.flatMap((destination) => {
      const [isFrom, isTo] = innerTests(source);
      const [comesBack, goesThere] = innerTests(destination);
      return parseAddress(source)?.family === parseAddress(destination)?.family
        ? [`(${isFrom} and ${goesThere})`, `(${comesBack} and ${isTo})`]
        : [];
    }),
  );
  const tunnels = [
    ...(tunnelTests.length > 0 ? [`((${ports}) and (${tunnelTests.join(' or ')}))`] : []),
    `(ip6 and (${ports}))`,
    ...['proto 4', 'proto 41', 'proto 47'],
  ];
  return `((${hosts(from)}) and (${hosts(to)})) or ${tunnels.join(' or ')}`;
}

/** Tests for the inner packet's source and destination; for IPv6, only the last 32 bits. */
function innerTests(text: string): string[] {
  const address = parseAddress(text);
  if (address === undefined) return [];
  const low = `0x${(address.value & 0xffffffffn).toString(16)}`;
  const [source, destination] = address.family === 4 ? [12, 16] : [20, 36];
  return [source, destination].map((offset) => `udp[${INNER_AT + offset}:4] = ${low}`);
}
