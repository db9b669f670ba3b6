import { describe, expect, it } from 'vitest';
import { withPeChecksum } from '../../../scripts/packaging/peChecksum.ts';
import { withoutPeSignature } from '../../../scripts/packaging/peSignature.ts';

const PE = 64;
const CHECKSUM = PE + 24 + 64;
const CERTIFICATES = PE + 24 + 112 + 4 * 8;

/** The headers of a 64-bit program of 512 bytes, then a signature of 16. */
function signedPe(): Buffer {
  const file = Buffer.alloc(528, 0);
  file.writeUInt32LE(PE, 0x3c);
  file.writeUInt32BE(0x50450000, PE);
  file.writeUInt16LE(0x20b, PE + 24);
  file.writeUInt32LE(512, CERTIFICATES);
  file.writeUInt32LE(16, CERTIFICATES + 4);
  file.fill('s', 512);
  return file;
}

// test/release checks real programs with osslsigncode.
describe('a Windows program', () => {
  it('loses its signature, and the entry that points to it', () => {
    const file = withoutPeSignature(signedPe());
    expect(file).toHaveLength(512);
    expect(file.readBigUInt64LE(CERTIFICATES)).toBe(0n);
    expect(withoutPeSignature(file)).toBe(file);
  });

  it('is refused if the signature is not at its end', () => {
    const file = Buffer.concat([signedPe(), Buffer.alloc(1)]);
    expect(() => withoutPeSignature(file)).toThrow('not at the end');
  });

  it('has a checksum that does not depend on the previous one', () => {
    const summed = withPeChecksum(signedPe());
    expect(summed.readUInt32LE(CHECKSUM)).toBeGreaterThan(summed.length);
    expect(withPeChecksum(summed)).toEqual(summed);
  });
});
