/**
 * The Windows program with a correct checksum in its header: the sum of its 16-bit words, with the carry added again,
 * and the length. Windows checks it only in drivers, but virus scanners check it everywhere.
 */
export function withPeChecksum(file: Buffer): Buffer {
  const at = file.readUInt32LE(0x3c) + 24 + 64;
  const summed = Buffer.from(file);
  summed.writeUInt32LE(0, at);
  let sum = 0;
  for (let word = 0; word + 1 < summed.length; word += 2) {
    sum += summed.readUInt16LE(word);
    sum = (sum & 0xffff) + (sum >>> 16);
  }
  if (summed.length % 2 === 1) sum += summed[summed.length - 1] ?? 0;
  sum = (sum & 0xffff) + (sum >>> 16);
  summed.writeUInt32LE(sum + summed.length, at);
  return summed;
}
