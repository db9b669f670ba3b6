import type { Cutter } from './cutter.ts';

const NEWLINE = 0x0a;
const TAB = 0x09;
const SPACE = 0x20;
const DEL = 0x7f;
/** Longer lines are not tcpdump's and are passed on unchanged. */
const MAX_LINE = 64 * 1024;

/**
 * Passes on decoded packets in whole lines, made safe for a terminal. A packet starts with a line that is not indented;
 * tcpdump indents the packet's other lines.
 */
export class TextCutter implements Cutter {
  packets = 0;
  bytes = 0;
  isFull = false;
  readonly #maxBytes: number;
  #rest: Buffer = Buffer.alloc(0);

  constructor(maxBytes = Number.POSITIVE_INFINITY) {
    this.#maxBytes = maxBytes;
  }

  cut(chunk: Buffer): Buffer {
    if (this.isFull) return chunk.subarray(0, 0);
    const data = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    let end = 0;
    for (let newline = data.indexOf(NEWLINE); newline >= 0; newline = data.indexOf(NEWLINE, end)) {
      if (this.bytes + newline + 1 > this.#maxBytes) {
        this.isFull = true;
        break;
      }
      // tcpdump ends its output with an empty line when it is stopped.
      if (data[end] !== TAB && data[end] !== SPACE && newline > end) this.packets += 1;
      end = newline + 1;
    }
    if (data.length - end > MAX_LINE && !this.isFull) {
      if (this.bytes + data.length > this.#maxBytes) this.isFull = true;
      else end = data.length;
    }
    this.#rest = Buffer.from(data.subarray(end));
    this.bytes += end;
    return printable(data.subarray(0, end));
  }

  completeBytesWithin(chunk: Buffer, length: number): number {
    return length === 0 ? 0 : chunk.lastIndexOf(NEWLINE, length - 1) + 1;
  }
}

/**
 * Escapes everything but printable ASCII. tcpdump does this itself, but a modified tcpdump might print C1 controls or
 * Unicode formatting characters.
 */
function printable(text: Buffer): Buffer {
  let safe = true;
  for (const byte of text)
    if ((byte < SPACE && byte !== NEWLINE && byte !== TAB) || byte >= DEL) {
      safe = false;
      break;
    }
  if (safe) return text;
  return Buffer.from(
    text
      .toString('latin1')
      .replace(
        /[\x00-\x08\x0b-\x1f\x7f-\xff]/g,
        (character) => `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`,
      ),
    'latin1',
  );
}
