import { isIP } from 'node:net';

/**
 * The network of an address with a prefix length, such as `10.1.2.3/16` or `fd00::1/64`; undefined for anything else.
 */
export function parseNetwork(text: string): string | undefined {
  const [, address = '', length = ''] = /^([\da-fA-F:.]+)\/(\d{1,3})$/.exec(text) ?? [];
  const version = isIP(address);
  const bits = Number(length);
  if (version === 0 || bits > (version === 4 ? 32 : 128)) return undefined;
  // libpcap refuses a network with host bits that are not zero.
  if (version === 4)
    return `${applyMask(address.split('.').map(Number), 8, bits).join('.')}/${bits}`;
  const groups = applyMask(parseGroups(address), 16, bits).map((group) => group.toString(16));
  return `${canonicalIpv6(groups.join(':'))}/${bits}`;
}

/** The parts of an address, of `width` bits each, with all bits after the first `length` set to zero. */
function applyMask(parts: readonly number[], width: number, length: number): number[] {
  return parts.map((part, index) => {
    const keptBits = Math.min(width, Math.max(0, length - index * width));
    const rest = 2 ** (width - keptBits);
    return Math.floor(part / rest) * rest;
  });
}

/** The eight groups of an IPv6 address. */
function parseGroups(address: string): number[] {
  const [head = '', tail] = canonicalIpv6(address).split('::');
  const read = (text: string) =>
    text === '' ? [] : text.split(':').map((group) => Number.parseInt(group, 16));
  const [front, back] = [read(head), read(tail ?? '')];
  return [...front, ...new Array<number>(8 - front.length - back.length).fill(0), ...back];
}

/** An IPv6 address in its shortest form, without dots. */
function canonicalIpv6(address: string): string {
  return new URL(`http://[${address}]`).hostname.slice(1, -1);
}
