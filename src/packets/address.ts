import { u16 } from './numbers.ts';

/** Formats an address as Kubernetes writes it: IPv6 in the form of RFC 5952. `length` is 4 or 16 bytes. */
export function addressText(bytes: Uint8Array, at: number, length: number): string {
  if (length === 4) return `${bytes[at]}.${bytes[at + 1]}.${bytes[at + 2]}.${bytes[at + 3]}`;
  const groups: number[] = [];
  for (let index = 0; index < 8; index++) groups.push(u16(bytes, at + 2 * index));
  const [start, count] = longestZeros(groups);
  // IPv4-mapped addresses end in dotted form (RFC 5952, section 5).
  if (start === 0 && count === 5 && groups[5] === 0xffff)
    return `::ffff:${addressText(bytes, at + 12, 4)}`;
  const text = (from: number, to: number) =>
    groups
      .slice(from, to)
      .map((group) => group.toString(16))
      .join(':');
  return count < 2 ? text(0, 8) : `${text(0, start)}::${text(start + count, 8)}`;
}

/** The start and length of the longest run of zero groups; the first one if several are equally long. */
function longestZeros(groups: readonly number[]): [start: number, count: number] {
  let best: [number, number] = [0, 0];
  let run = 0;
  for (const [index, group] of groups.entries()) {
    run = group === 0 ? run + 1 : 0;
    if (run > best[1]) best = [index - run + 1, run];
  }
  return best;
}

/** Formats a hardware address: 02:42:ac:11:00:02. */
export function hardwareAddressText(bytes: Uint8Array, at: number): string {
  return Array.from(bytes.subarray(at, at + 6), (byte) => byte.toString(16).padStart(2, '0')).join(
    ':',
  );
}
