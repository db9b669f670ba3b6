import { type Moment, type Resolution, writeTicks } from './moment.ts';
import { OPTION, padTo4 } from './pcapngFormat.ts';

const OPTION_HEADER_BYTES = 4;
/** The length of an option is a 16-bit number. */
const MAX_OPTION_BYTES = 0xffff;

/** Collects the options of a block, little-endian. Undefined values are skipped. */
export class PcapngOptions {
  readonly #parts: Buffer[] = [];

  text(code: number, value: string | undefined): this {
    return value === undefined ? this : this.bytes(code, Buffer.from(value));
  }

  /** Adds one comment of several lines, because most readers show only the first comment of a block. */
  comment(lines: readonly string[]): this {
    return lines.length === 0 ? this : this.text(OPTION.comment, lines.join('\n'));
  }

  count(code: number, value: number | undefined): this {
    if (value === undefined) return this;
    const bytes = Buffer.alloc(8);
    bytes.writeBigUInt64LE(BigInt(value));
    return this.bytes(code, bytes);
  }

  moment(code: number, moment: Moment, resolution: Resolution): this {
    const bytes = Buffer.alloc(8);
    writeTicks(bytes, 0, moment.seconds, moment.nanoseconds, resolution);
    return this.bytes(code, bytes);
  }

  bytes(code: number, value: Buffer): this {
    const length = Math.min(value.length, MAX_OPTION_BYTES);
    const part = Buffer.alloc(OPTION_HEADER_BYTES + padTo4(length));
    part.writeUInt16LE(code, 0);
    part.writeUInt16LE(length, 2);
    value.copy(part, OPTION_HEADER_BYTES, 0, length);
    this.#parts.push(part);
    return this;
  }

  /** The encoded options and their end mark; empty if there are none. */
  encode(): Buffer {
    if (this.#parts.length === 0) return Buffer.alloc(0);
    return Buffer.concat([...this.#parts, Buffer.alloc(OPTION_HEADER_BYTES)]);
  }
}

/** Calls back for each option between `at` and `end`, in the byte order of its section. */
export function forEachOption(
  bytes: Buffer,
  at: number,
  end: number,
  littleEndian: boolean,
  visit: (code: number, value: Buffer) => void,
): void {
  const readU16 = (offset: number) =>
    littleEndian ? bytes.readUInt16LE(offset) : bytes.readUInt16BE(offset);
  let next = at;
  while (next + OPTION_HEADER_BYTES <= end) {
    const code = readU16(next);
    const length = readU16(next + 2);
    const value = next + OPTION_HEADER_BYTES;
    if (code === OPTION.end || value + length > end) return;
    visit(code, bytes.subarray(value, value + length));
    next = value + padTo4(length);
  }
}
