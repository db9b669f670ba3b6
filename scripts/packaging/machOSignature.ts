import { createHash } from 'node:crypto';
import {
  findCommand,
  LC,
  parseMachO,
  segmentNamed,
  writeCommandCount,
  writeSegmentSize,
} from './machO.ts';

// The layout of a signature: cs_blobs.h of Apple's kernel. Its numbers are big-endian.
const SUPER_BLOB = 0xfade0cc0;
const CODE_DIRECTORY = 0xfade0c02;
const VERSION_WITH_EXECUTABLE_SEGMENT = 0x20400;
const AD_HOC = 0x2;
const SHA256 = 2;
const HASH_BYTES = 32;
const PAGE_BITS = 12;
const PAGE = 1 << PAGE_BITS;
const SUPER_BLOB_BYTES = 20;
const CODE_DIRECTORY_BYTES = 88;
const MAIN_BINARY = 1n;
const LINKEDIT_COMMAND_BYTES = 16;

/**
 * Adds an ad-hoc signature, as `codesign --sign -` does: the hash of every page, without an identity. Macs with Apple's
 * processors run nothing without a signature. The file must not have one already.
 */
export function signedAdHoc(file: Buffer, identifier: string): Buffer {
  const machO = parseMachO(file);
  if (findCommand(machO, LC.codeSignature)) throw new Error('the Mach-O file is signed already');
  if (machO.commandsEnd + LINKEDIT_COMMAND_BYTES > machO.firstSection)
    throw new Error('the Mach-O file has no room for the command of a signature');
  const text = segmentNamed(machO, '__TEXT');
  const name = Buffer.from(`${identifier}\0`);
  const codeEnd = (file.length + 15) & ~15;
  const pages = Math.ceil(codeEnd / PAGE);
  const hashesAt = CODE_DIRECTORY_BYTES + name.length;
  const directoryBytes = hashesAt + pages * HASH_BYTES;
  const blobBytes = SUPER_BLOB_BYTES + directoryBytes;
  const signed = Buffer.alloc(codeEnd + ((blobBytes + 15) & ~15));
  file.copy(signed);

  const command = [LC.codeSignature, LINKEDIT_COMMAND_BYTES, codeEnd, signed.length - codeEnd];
  command.forEach((word, index) => {
    signed.writeUInt32LE(word, machO.commandsEnd + index * 4);
  });
  const end = machO.commandsEnd + LINKEDIT_COMMAND_BYTES;
  writeCommandCount(signed, machO.commands.length + 1, end);
  writeSegmentSize(signed, segmentNamed(machO, '__LINKEDIT'), signed.length);

  const blob = signed.subarray(codeEnd);
  writeBigEndian(blob, [SUPER_BLOB, blobBytes, 1, 0, SUPER_BLOB_BYTES]);
  const directory = blob.subarray(SUPER_BLOB_BYTES);
  writeBigEndian(directory, [
    ...[CODE_DIRECTORY, directoryBytes, VERSION_WITH_EXECUTABLE_SEGMENT, AD_HOC],
    ...[hashesAt, CODE_DIRECTORY_BYTES, 0, pages, codeEnd],
  ]);
  directory.set([HASH_BYTES, SHA256, 0, PAGE_BITS], 36);
  directory.writeBigUInt64BE(BigInt(text.fileOffset), 64);
  directory.writeBigUInt64BE(BigInt(text.fileSize), 72);
  directory.writeBigUInt64BE(machO.executable ? MAIN_BINARY : 0n, 80);
  name.copy(directory, CODE_DIRECTORY_BYTES);
  for (let page = 0; page < pages; page++)
    pageHash(signed, page, PAGE, codeEnd).copy(directory, hashesAt + page * HASH_BYTES);
  return signed;
}

/** The contents of a signature, and the number of pages that do not match it. */
export interface SignatureCheck {
  readonly identifier: string;
  readonly pages: number;
  readonly wrongPages: number;
}

/** Compares every page of a file with its signature, ad-hoc or Apple's. Throws if there is none. */
export function checkSignature(file: Buffer): SignatureCheck {
  const command = findCommand(parseMachO(file), LC.codeSignature);
  if (!command) throw new Error('the Mach-O file has no signature');
  const blob = file.subarray(file.readUInt32LE(command.at + 8));
  if (blob.readUInt32BE(0) !== SUPER_BLOB) throw new Error('the signature is not a super blob');
  const directory = Array.from({ length: blob.readUInt32BE(8) }, (_, index) =>
    blob.subarray(blob.readUInt32BE(16 + index * 8)),
  ).find((each) => each.readUInt32BE(0) === CODE_DIRECTORY && each[37] === SHA256);
  if (!directory) throw new Error('the signature has no code directory with SHA-256');
  const hashesAt = directory.readUInt32BE(16);
  const nameAt = directory.readUInt32BE(20);
  const pages = directory.readUInt32BE(28);
  const codeEnd = directory.readUInt32BE(32);
  const pageBytes = 1 << (directory[39] ?? 0);
  let wrongPages = 0;
  for (let page = 0; page < pages; page++) {
    const at = hashesAt + page * HASH_BYTES;
    const recordedHash = directory.subarray(at, at + HASH_BYTES);
    if (!pageHash(file, page, pageBytes, codeEnd).equals(recordedHash)) wrongPages += 1;
  }
  const identifier = directory.toString('latin1', nameAt, directory.indexOf(0, nameAt));
  return { identifier, pages, wrongPages };
}

function pageHash(file: Buffer, page: number, pageBytes: number, codeEnd: number): Buffer {
  const end = Math.min(codeEnd, (page + 1) * pageBytes);
  return createHash('sha256')
    .update(file.subarray(page * pageBytes, end))
    .digest();
}

function writeBigEndian(blob: Buffer, values: readonly number[]): void {
  values.forEach((value, index) => {
    blob.writeUInt32BE(value, index * 4);
  });
}
