// The layout of 64-bit little-endian ELF: elf(5).
const SECTION_HEADER_BYTES = 64;
const LOADED = 0x2;
const INFO_IS_SECTION = 0x40;
const RELOCATION_TYPES = [4, 9];
const NO_BITS = 8;

interface Section {
  readonly index: number;
  readonly header: Buffer;
  readonly type: number;
  readonly flags: number;
  readonly end: number;
}

/**
 * Removes what is not loaded into memory: the names of functions, and the notes of the compiler. Does the same as
 * strip(1), but identically on every machine and for every processor.
 */
export function withoutElfSymbols(file: Buffer): Buffer {
  if (file.readUInt32BE(0) !== 0x7f454c46 || file[4] !== 2 || file[5] !== 1)
    throw new Error('not a 64-bit little-endian ELF file');
  const sections = readSections(file);
  const namesIndex = file.readUInt16LE(62);
  const kept = sections.filter(
    ({ index, flags }) => index === 0 || index === namesIndex || (flags & LOADED) !== 0,
  );
  const newIndex = new Map(kept.map(({ index }, position) => [index, position]));
  const loadedEnd = Math.max(
    programEnd(file),
    ...kept.filter(({ index }) => index !== namesIndex).map(({ end }) => end),
  );
  const names = sectionBytes(file, sections[namesIndex]);
  const namesAt = loadedEnd;
  const headersAt = (namesAt + names.length + 7) & ~7;
  const stripped = Buffer.alloc(headersAt + kept.length * SECTION_HEADER_BYTES);
  file.copy(stripped, 0, 0, loadedEnd);
  names.copy(stripped, namesAt);
  kept.forEach(({ index, header, type, flags }, position) => {
    const copy = Buffer.from(header);
    if (index === namesIndex) copy.writeBigUInt64LE(BigInt(namesAt), 24);
    copy.writeUInt32LE(newIndex.get(header.readUInt32LE(40)) ?? 0, 40);
    if (RELOCATION_TYPES.includes(type) || (flags & INFO_IS_SECTION) !== 0)
      copy.writeUInt32LE(newIndex.get(header.readUInt32LE(44)) ?? 0, 44);
    copy.copy(stripped, headersAt + position * SECTION_HEADER_BYTES);
  });
  stripped.writeBigUInt64LE(BigInt(headersAt), 40);
  stripped.writeUInt16LE(kept.length, 60);
  stripped.writeUInt16LE(newIndex.get(namesIndex) ?? 0, 62);
  return stripped;
}

function readSections(file: Buffer): Section[] {
  const at = Number(file.readBigUInt64LE(40));
  return Array.from({ length: file.readUInt16LE(60) }, (_, index) => {
    const start = at + index * SECTION_HEADER_BYTES;
    const header = file.subarray(start, start + SECTION_HEADER_BYTES);
    const type = header.readUInt32LE(4);
    const size = type === NO_BITS ? 0 : Number(header.readBigUInt64LE(32));
    return {
      index,
      header,
      type,
      flags: Number(header.readBigUInt64LE(8)),
      end: Number(header.readBigUInt64LE(24)) + size,
    };
  });
}

function sectionBytes(file: Buffer, section: Section | undefined): Buffer {
  if (!section) throw new Error('the ELF file has no names of sections');
  return file.subarray(Number(section.header.readBigUInt64LE(24)), section.end);
}

/** The end of everything that the program headers refer to. */
function programEnd(file: Buffer): number {
  const at = Number(file.readBigUInt64LE(32));
  const ends = Array.from({ length: file.readUInt16LE(56) }, (_, index) => {
    const header = at + index * 56;
    return Number(file.readBigUInt64LE(header + 8)) + Number(file.readBigUInt64LE(header + 32));
  });
  return Math.max(...ends);
}
