/** LINKTYPE_ numbers (tcpdump.org/linktypes.html). */
const ETHERNET = 1;
const RAW_IP = 101;
const LINUX_SLL = 113;
const LINUX_SLL2 = 276;

/** EtherTypes (IEEE 802). */
const IPV4 = 0x0800;
const IPV6 = 0x86dd;
const VLAN_TAGS = new Set([0x8100, 0x88a8]);

/** IP protocol numbers (IANA). */
const TCP = 6;
const UDP = 17;

const IPV6_HEADER_BYTES = 40;
/** Flags in the 14th byte of a TCP header. */
const TCP_FLAGS_AT = 13;
const SYN_AND_ACK = 0x12;
const SYN = 0x02;

/** Linux takes the ports of those who call from here on (net.ipv4.ip_local_port_range). */
const EPHEMERAL_PORTS = 32768;

/** Where in a packet its IP header stands, and where that ends. */
interface Header {
  readonly version: 4 | 6;
  readonly at: number;
  readonly end: number;
  readonly protocol: number;
}

/** Who called whom by a packet: addresses as text. */
export interface Call {
  readonly from: string;
  readonly to: string;
}

/**
 * Who calls whom by the packet in bytes.subarray(start, end): one that opens a TCP connection, or comes
 * from a port as callers have them to one that servers have, so that connections from before the
 * capture are seen too. Undefined for all others, and for what is cut off too early to know.
 */
export function callOf(
  bytes: Buffer,
  start: number,
  end: number,
  linkType: number,
): Call | undefined {
  const header = ipHeader(bytes, start, end, linkType);
  if (!header || header.end + 4 > end) return undefined;
  if (header.protocol !== TCP && header.protocol !== UDP) return undefined;
  const fromPort = bytes.readUInt16BE(header.end);
  const toPort = bytes.readUInt16BE(header.end + 2);
  const opens =
    header.protocol === TCP &&
    header.end + TCP_FLAGS_AT < end &&
    ((bytes[header.end + TCP_FLAGS_AT] ?? 0) & SYN_AND_ACK) === SYN;
  if (!opens && !(fromPort >= EPHEMERAL_PORTS && toPort < EPHEMERAL_PORTS)) return undefined;
  const [at, size] = header.version === 4 ? [header.at + 12, 4] : [header.at + 8, 16];
  return {
    from: addressText(bytes.subarray(at, at + size)),
    to: addressText(bytes.subarray(at + size, at + 2 * size)),
  };
}

function ipHeader(bytes: Buffer, start: number, end: number, linkType: number): Header | undefined {
  const at = networkLayer(bytes, start, end, linkType);
  if (at === undefined || at >= end) return undefined;
  const first = bytes[at] ?? 0;
  if (first >> 4 === 4 && at + 20 <= end) {
    // Only the first of a packet's fragments has its ports.
    if ((bytes.readUInt16BE(at + 6) & 0x1fff) !== 0) return undefined;
    return { version: 4, at, end: at + (first & 0x0f) * 4, protocol: bytes[at + 9] ?? 0 };
  }
  if (first >> 4 === 6 && at + IPV6_HEADER_BYTES <= end)
    return { version: 6, at, end: at + IPV6_HEADER_BYTES, protocol: bytes[at + 6] ?? 0 };
  return undefined;
}

/** Where the IP header begins; undefined when something else is in there. */
function networkLayer(
  bytes: Buffer,
  start: number,
  end: number,
  linkType: number,
): number | undefined {
  const isIp = (typeAt: number) => {
    if (typeAt + 2 > end) return false;
    const type = bytes.readUInt16BE(typeAt);
    return type === IPV4 || type === IPV6;
  };
  switch (linkType) {
    case ETHERNET: {
      let typeAt = start + 12;
      while (typeAt + 2 <= end && VLAN_TAGS.has(bytes.readUInt16BE(typeAt))) typeAt += 4;
      return isIp(typeAt) ? typeAt + 2 : undefined;
    }
    case RAW_IP:
      return start;
    case LINUX_SLL:
      return isIp(start + 14) ? start + 16 : undefined;
    case LINUX_SLL2:
      return isIp(start) ? start + 20 : undefined;
    default:
      return undefined;
  }
}

/** As Kubernetes writes addresses: IPv6 by RFC 5952, which URL does for us. */
function addressText(address: Buffer): string {
  if (address.length === 4) return address.join('.');
  const groups = Array.from({ length: 8 }, (_, at) => address.readUInt16BE(2 * at).toString(16));
  return new URL(`http://[${groups.join(':')}]`).hostname.slice(1, -1);
}
