/** The index of the certificates in the directory at the end of a PE32+ file's optional header. */
const CERTIFICATES = 4;
const PE32_PLUS = 0x20b;

/**
 * The Windows program without the signature of Node's publisher. Adding data to the file makes the signature invalid,
 * which is worse than none. Nothing else in the file could be stripped.
 */
export function withoutPeSignature(file: Buffer): Buffer {
  const header = file.readUInt32LE(0x3c);
  if (file.readUInt32BE(header) !== 0x50450000) throw new Error('not a PE file');
  const optional = header + 24;
  if (file.readUInt16LE(optional) !== PE32_PLUS) throw new Error('not a 64-bit PE file');
  const entry = optional + 112 + CERTIFICATES * 8;
  const at = file.readUInt32LE(entry);
  const size = file.readUInt32LE(entry + 4);
  if (size === 0) return file;
  if (at + size !== file.length) throw new Error('the signature is not at the end of the PE file');
  const unsigned = Buffer.from(file.subarray(0, at));
  unsigned.fill(0, entry, entry + 8);
  return unsigned;
}
