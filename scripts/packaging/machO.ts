const MAGIC_64 = 0xfeedfacf;
const HEADER_BYTES = 32;
const SECTION_BYTES = 80;
const SEGMENT_COMMAND_BYTES = 72;

/** Load commands that the build reads or writes (mach-o/loader.h). */
export const LC = { symtab: 0x2, dysymtab: 0xb, segment64: 0x19, codeSignature: 0x1d } as const;

/** One load command: its kind, and its position in the file. */
export interface LoadCommand {
  readonly kind: number;
  readonly at: number;
  readonly size: number;
}

export interface Segment {
  readonly name: string;
  /** The position of its load command. */
  readonly at: number;
  readonly fileOffset: number;
  readonly fileSize: number;
}

/** The headers of a thin 64-bit Mach-O file. Offsets are in bytes from its beginning. */
export interface MachO {
  readonly executable: boolean;
  readonly commands: readonly LoadCommand[];
  /** The end of the last load command. */
  readonly commandsEnd: number;
  /** The first byte of a section: load commands can grow up to it. */
  readonly firstSection: number;
  readonly segments: readonly Segment[];
}

/** Reads the header and the load commands. Throws for anything except a thin 64-bit file. */
export function parseMachO(file: Buffer): MachO {
  if (file.readUInt32LE(0) !== MAGIC_64) throw new Error('not a thin 64-bit Mach-O file');
  const commands: LoadCommand[] = [];
  const segments: Segment[] = [];
  let firstSection = Number.POSITIVE_INFINITY;
  let at = HEADER_BYTES;
  for (let count = file.readUInt32LE(16); count > 0; count--) {
    const command = { kind: file.readUInt32LE(at), size: file.readUInt32LE(at + 4), at };
    commands.push(command);
    if (command.kind === LC.segment64) {
      segments.push(readSegment(file, at));
      firstSection = Math.min(firstSection, firstSectionOf(file, at));
    }
    at += command.size;
  }
  const executable = file.readUInt32LE(12) === 2;
  return { executable, commands, commandsEnd: at, firstSection, segments };
}

/** The only command of a kind. Undefined if there is none. */
export function findCommand({ commands }: MachO, kind: number): LoadCommand | undefined {
  return commands.find((command) => command.kind === kind);
}

/** The segment with this name. Throws if there is none. */
export function segmentNamed({ segments }: MachO, name: string): Segment {
  const segment = segments.find((each) => each.name === name);
  if (!segment) throw new Error(`the Mach-O file has no segment ${name}`);
  return segment;
}

/** Writes the number and the size of the load commands into the header. */
export function writeCommandCount(file: Buffer, count: number, end: number): void {
  file.writeUInt32LE(count, 16);
  file.writeUInt32LE(end - HEADER_BYTES, 20);
}

/** Extends the last segment to the end of the file. Its size in memory is rounded up to pages of 16 KiB. */
export function writeSegmentSize(file: Buffer, { at, fileOffset }: Segment, end: number): void {
  const size = end - fileOffset;
  file.writeBigUInt64LE(BigInt(Math.ceil(size / 0x4000) * 0x4000), at + 32);
  file.writeBigUInt64LE(BigInt(size), at + 48);
}

function readSegment(file: Buffer, at: number): Segment {
  return {
    name: file.toString('latin1', at + 8, at + 24).replace(/\0.*/s, ''),
    at,
    fileOffset: Number(file.readBigUInt64LE(at + 40)),
    fileSize: Number(file.readBigUInt64LE(at + 48)),
  };
}

function firstSectionOf(file: Buffer, at: number): number {
  const offsets = Array.from({ length: file.readUInt32LE(at + 64) }, (_, section) =>
    file.readUInt32LE(at + SEGMENT_COMMAND_BYTES + section * SECTION_BYTES + 48),
  );
  // A section without bytes in the file (zeros) has no offset.
  return Math.min(...offsets.filter((offset) => offset > 0));
}
