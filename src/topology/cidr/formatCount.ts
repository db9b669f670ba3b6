/** A count with thousands separators: 65,534. Very large powers of two are written as powers: 2^64. */
export function formatCount(count: number | bigint): string {
  const value = BigInt(count);
  if (value < 1_000_000_000_000n) return value.toLocaleString('en-US');
  const bits = value.toString(2).length;
  return `about 2^${value === (1n << BigInt(bits)) - 1n || value > (1n << BigInt(bits)) - 4n ? bits : bits - 1}`;
}
