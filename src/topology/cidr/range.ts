import ipaddr from 'ipaddr.js';

/** A network: its first address and its prefix length. */
export interface Range {
  readonly family: 4 | 6;
  readonly first: bigint;
  readonly length: number;
}

/** A range as the user wrote it; bits after the prefix may be set. */
export interface WrittenRange extends Range {
  /** The text that was given, with the address in its usual form. */
  readonly written: string;
  readonly isAligned: boolean;
}

const BITS = { 4: 32, 6: 128 } as const;

/** Reads `10.244.0.0/16` or `fd00::/56`; undefined for anything else. */
export function parseRange(text: string): WrittenRange | undefined {
  const trimmed = text.trim();
  const dotted = /^\d+\.\d+\.\d+\.\d+\//.test(trimmed);
  if (!ipaddr.isValidCIDR(trimmed) || (!dotted && !trimmed.includes(':'))) return undefined;
  const [address, length] = ipaddr.parseCIDR(trimmed);
  const isV4 = address.kind() === 'ipv4';
  const network = isV4
    ? ipaddr.IPv4.networkAddressFromCIDR(trimmed)
    : ipaddr.IPv6.networkAddressFromCIDR(trimmed);
  return {
    family: isV4 ? 4 : 6,
    first: numberOf(network),
    length,
    written: `${textOf(address)}/${length}`,
    isAligned: textOf(address) === textOf(network),
  };
}

function numberOf(address: ipaddr.IPv4 | ipaddr.IPv6): bigint {
  return address.toByteArray().reduce((value, byte) => (value << 8n) | BigInt(byte), 0n);
}

function textOf(address: ipaddr.IPv4 | ipaddr.IPv6): string {
  return address.kind() === 'ipv6'
    ? (address as ipaddr.IPv6).toRFC5952String()
    : address.toString();
}

/** The number of addresses in the range. */
export function sizeOf({ family, length }: Range): bigint {
  return 1n << BigInt(BITS[family] - length);
}

export function rangeText({ family, first, length }: Range): string {
  const bytes: number[] = [];
  for (let shift = BITS[family] - 8; shift >= 0; shift -= 8)
    bytes.push(Number((first >> BigInt(shift)) & 0xffn));
  return `${textOf(ipaddr.fromByteArray(bytes))}/${length}`;
}

export function overlaps(a: Range, b: Range): boolean {
  if (a.family !== b.family) return false;
  return a.first < b.first + sizeOf(b) && b.first < a.first + sizeOf(a);
}

/** Whether `inner` is entirely in `outer`. */
export function isInside(inner: Range, outer: Range): boolean {
  return inner.family === outer.family && inner.length >= outer.length && overlaps(inner, outer);
}

/** Parses a text that is known to be a valid range. */
export function mustParseRange(text: string): WrittenRange {
  const parsed = parseRange(text);
  if (!parsed) throw new Error(`${text} is not a range`);
  return parsed;
}
