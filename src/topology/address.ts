/** An IP address as a number, so that prefixes and ranges can be compared. */
export interface Address {
  readonly family: 4 | 6;
  /** 32 or 128 bits. */
  readonly value: bigint;
}

/** A network: all addresses that share the first `length` bits. The other bits of `value` are 0. */
export interface Prefix extends Address {
  readonly length: number;
}

const IPV4 = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/;

/** Reads `10.0.0.1`, `fd00::1`, `::ffff:10.0.0.1` or `fe80::1%eth0` (the zone is dropped). */
export function parseAddress(text: string): Address | undefined {
  const ipv4 = parseIpv4(text);
  if (ipv4 !== undefined) return { family: 4, value: ipv4 };
  const ipv6 = parseIpv6(text.split('%')[0] ?? '');
  return ipv6 === undefined ? undefined : { family: 6, value: ipv6 };
}

function parseIpv4(text: string): bigint | undefined {
  const octets = IPV4.exec(text)?.slice(1).map(Number);
  if (!octets?.every((octet) => octet <= 255)) return undefined;
  return octets.reduce((value, octet) => (value << 8n) | BigInt(octet), 0n);
}

function parseIpv6(text: string): bigint | undefined {
  const halves = text.split('::');
  if (!text.includes(':') || halves.length > 2) return undefined;
  const [head, tail] = halves.map(groupsOf);
  if (head === undefined) return undefined;
  const missing = 8 - head.length - (tail?.length ?? 0);
  if (tail === undefined ? halves.length === 2 || missing !== 0 : missing < 1) return undefined;
  const groups = [...head, ...Array<bigint>(missing).fill(0n), ...(tail ?? [])];
  return groups.reduce((value, group) => (value << 16n) | group, 0n);
}

/** The 16-bit groups of one side of `::`. A last part in IPv4 form counts as two groups. */
function groupsOf(text: string): bigint[] | undefined {
  if (text === '') return [];
  const groups: bigint[] = [];
  for (const piece of text.split(':')) {
    const ipv4 = parseIpv4(piece);
    if (ipv4 !== undefined) groups.push(ipv4 >> 16n, ipv4 & 0xffffn);
    else if (/^[0-9a-f]{1,4}$/i.test(piece)) groups.push(BigInt(`0x${piece}`));
    else return undefined;
  }
  return groups;
}

/** The usual text form: dotted decimal for IPv4, RFC 5952 for IPv6. */
export function formatAddress({ family, value }: Address): string {
  if (family === 4) {
    return [24n, 16n, 8n, 0n].map((shift) => (value >> shift) & 0xffn).join('.');
  }
  const groups = Array.from({ length: 8 }, (_, index) =>
    ((value >> BigInt(112 - 16 * index)) & 0xffffn).toString(16),
  );
  const run = longestZeros(groups);
  if (run.length < 2) return groups.join(':');
  return `${groups.slice(0, run.start).join(':')}::${groups.slice(run.start + run.length).join(':')}`;
}

function longestZeros(groups: readonly string[]): { start: number; length: number } {
  let best = { start: 0, length: 0 };
  for (let start = 0; start < groups.length; start++) {
    let length = 0;
    while (groups[start + length] === '0') length++;
    if (length > best.length) best = { start, length };
  }
  return best;
}

/** Reads `10.0.0.0/8`, `10.0.0.0/255.0.0.0`, or a single address, which is a prefix of full length. */
export function parsePrefix(text: string): Prefix | undefined {
  const [addressText = '', lengthText] = text.split('/');
  const address = parseAddress(addressText);
  if (address === undefined) return undefined;
  const bits = address.family === 4 ? 32 : 128;
  const length = lengthText === undefined ? bits : prefixLength(lengthText, bits);
  return length === undefined ? undefined : prefixOf(address, length);
}

function prefixLength(text: string, bits: number): number | undefined {
  if (/^\d+$/.test(text)) return Number(text) <= bits ? Number(text) : undefined;
  const mask = parseAddress(text);
  if (mask === undefined) return undefined;
  const binary = mask.value.toString(2).padStart(bits, '0');
  return /^1*0*$/.test(binary) ? binary.replace(/0/g, '').length : undefined;
}

/** The network with this prefix length that contains an address. */
export function prefixOf({ family, value }: Address, length: number): Prefix {
  const rest = BigInt((family === 4 ? 32 : 128) - length);
  return { family, length, value: (value >> rest) << rest };
}

export function contains(prefix: Prefix, address: Address): boolean {
  if (prefix.family !== address.family) return false;
  const rest = BigInt((prefix.family === 4 ? 32 : 128) - prefix.length);
  return address.value >> rest === prefix.value >> rest;
}

/** The same as `contains`, for texts; false if one of them cannot be parsed. */
export function isWithin(prefixText: string, addressText: string): boolean {
  const prefix = parsePrefix(prefixText);
  const address = parseAddress(addressText);
  return prefix !== undefined && address !== undefined && contains(prefix, address);
}

/** Whether both texts are the same address, in whatever notation. */
export function sameAddress(text: string, otherText: string): boolean {
  if (text === otherText) return true;
  const [a, b] = [parseAddress(text), parseAddress(otherText)];
  return a !== undefined && b !== undefined && a.family === b.family && a.value === b.value;
}

export function familyOf(text: string): 4 | 6 {
  return text.includes(':') ? 6 : 4;
}
