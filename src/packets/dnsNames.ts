import { u16 } from './numbers.ts';

/** RFC 1035: a name is at most 255 bytes long. */
const MAX_NAME_BYTES = 255;
/** More pointers cannot occur in a name within that limit. */
const MAX_POINTERS = 128;
const POINTER = 0xc0;

/** Further results of the last readName(). Read them before the next call. */
export const nameEnd = {
  /** The index of the first byte after the name. */
  at: 0,
  /** The name was too long, or a compression pointer pointed forward or in a loop. */
  malformed: false,
  /** The message ends inside the name. */
  cut: false,
};

/**
 * Reads the domain name at `position` in a message between `start` and `end`, following compression pointers. Returns
 * it without a trailing dot, or "." for the root. Bytes that are not printable ASCII, and dots within a label, are
 * written as \DDD, as in zone files. Never throws: see nameEnd.
 */
export function readName(bytes: Uint8Array, start: number, position: number, end: number): string {
  let at = position;
  let text = '';
  let length = 0;
  let pointers = 0;
  nameEnd.at = -1;
  nameEnd.malformed = false;
  nameEnd.cut = false;
  for (;;) {
    if (at >= end) {
      nameEnd.cut = true;
      break;
    }
    const size = bytes[at] as number;
    if (size === 0) {
      if (nameEnd.at < 0) nameEnd.at = at + 1;
      break;
    }
    if (size >= POINTER) {
      if (at + 2 > end) {
        nameEnd.cut = true;
        break;
      }
      if (nameEnd.at < 0) nameEnd.at = at + 2;
      const target = start + (u16(bytes, at) & 0x3fff);
      pointers += 1;
      if (target >= at || pointers > MAX_POINTERS) {
        nameEnd.malformed = true;
        break;
      }
      at = target;
      continue;
    }
    length += size + 1;
    if (size > 63 || length > MAX_NAME_BYTES) {
      nameEnd.malformed = true;
      break;
    }
    if (at + 1 + size > end) {
      nameEnd.cut = true;
      break;
    }
    if (text !== '') text += '.';
    text += labelText(bytes, at + 1, at + 1 + size);
    at += 1 + size;
  }
  if (nameEnd.at < 0) nameEnd.at = end;
  return text === '' ? '.' : text;
}

function labelText(bytes: Uint8Array, from: number, to: number): string {
  let text = '';
  for (let at = from; at < to; at++) {
    const byte = bytes[at] as number;
    const isPrintable = byte > 0x20 && byte < 0x7f && byte !== 0x2e && byte !== 0x5c;
    text += isPrintable ? String.fromCharCode(byte) : `\\${byte.toString().padStart(3, '0')}`;
  }
  return text;
}

/** NetBIOS writes each half of a byte as a letter from A to P, 16 bytes padded with spaces (RFC 1001, 14.1). */
const NETBIOS_LABEL = /^([A-P]{32})(?:\.|$)/;

/** The readable form of a NetBIOS name, without its last byte, which is the service type. */
export function netbiosName(name: string): string {
  const letters = NETBIOS_LABEL.exec(name)?.[1];
  if (letters === undefined) return name;
  const nibble = (at: number) => letters.charCodeAt(at) - 0x41;
  const bytes = Array.from({ length: 15 }, (_, at) => (nibble(2 * at) << 4) | nibble(2 * at + 1));
  return labelText(Uint8Array.from(bytes), 0, bytes.length).replace(/(?:\\032|\\000)+$/, '');
}
