import { ByteWindow } from './byteWindow.ts';
import { divideTicks } from './moment.ts';
import { type CapturedInterface, MAX_PACKET_BYTES, type PacketCursor } from './packetCursor.ts';
import {
  BLOCK,
  BLOCK_FRAME_BYTES,
  BLOCK_HEADER_BYTES,
  BYTE_ORDER_MAGIC,
  INTERFACE_FIELDS_BYTES,
  OPTION,
  PACKET_FIELDS_BYTES,
  padded,
} from './pcapngFormat.ts';
import { forEachOption } from './pcapngOptions.ts';
import { NotPcap } from './records.ts';

/** What Wireshark reads at most (MAX_BLOCK_SIZE). */
const MAX_BLOCK_BYTES = 16 * 1024 * 1024;

/** Microseconds, where an interface does not say. */
const DEFAULT_RESOLUTION = 6;
/** Set in a resolution that is a power of two instead of ten. */
const POWER_OF_TWO = 0x80;
/** The finest resolution that divides exactly here. */
const FINEST = 1e11;

interface Clock {
  readonly ticksPerSecond: number;
  readonly offsetSeconds: number;
}

/**
 * Goes through a pcapng stream of either byte order, several sections too. Reads packets and
 * interfaces; blocks of other kinds are passed over.
 */
export class PcapngCursor implements PacketCursor {
  readonly interfaces: CapturedInterface[] = [];
  interfaceIndex = 0;
  seconds = 0;
  nanoseconds = 0;
  originalLength = 0;
  start = 0;
  end = 0;
  readonly #window = new ByteWindow();
  readonly #clocks: Clock[] = [];
  #littleEndian: boolean | undefined;
  /** Each section numbers its interfaces from 0. */
  #sectionBase = 0;
  #optionsEnd = 0;

  push(chunk: Buffer): void {
    this.#window.push(chunk);
  }

  get pending(): number {
    return this.#window.pending;
  }

  get bytes(): Buffer {
    return this.#window.bytes;
  }

  /** The comments of the packet it stands on. */
  get comments(): string[] {
    const comments: string[] = [];
    this.#packetOptions((code, value) => {
      if (code === OPTION.comment) comments.push(value.toString());
    });
    return comments;
  }

  next(): boolean {
    const window = this.#window;
    while (window.has(BLOCK_FRAME_BYTES)) {
      const { at } = window;
      const type = this.#startBlock(at);
      const length = this.#word(at + 4);
      if (length < BLOCK_FRAME_BYTES || length % 4 !== 0 || length > MAX_BLOCK_BYTES)
        throw new NotPcap(`a block claims ${length} bytes`);
      if (!window.has(length)) return false;
      if (this.#word(at + length - 4) !== length)
        throw new NotPcap('the two lengths of a block differ');
      window.at += length;
      const fields = at + BLOCK_HEADER_BYTES;
      const end = at + length - 4;
      if (type === BLOCK.packet) {
        this.#readPacket(fields, end);
        return true;
      }
      if (type === BLOCK.section) this.#sectionBase = this.interfaces.length;
      else if (type === BLOCK.interface) this.#readInterface(fields, end);
      else if (type === BLOCK.simplePacket) throw new NotPcap('it has packets without a time');
    }
    return false;
  }

  /** The type of the block; a section's tells the byte order of what follows. */
  #startBlock(at: number): number {
    const { bytes } = this.#window;
    if (bytes.readUInt32LE(at) === BLOCK.section) {
      if (bytes.readUInt32LE(at + 8) === BYTE_ORDER_MAGIC) this.#littleEndian = true;
      else if (bytes.readUInt32BE(at + 8) === BYTE_ORDER_MAGIC) this.#littleEndian = false;
      else throw new NotPcap('a section without its byte order');
      return BLOCK.section;
    }
    if (this.#littleEndian === undefined)
      throw new NotPcap(`not a pcapng stream: it begins with ${bytes.toString('hex', at, at + 4)}`);
    return this.#word(at);
  }

  #readPacket(at: number, end: number): void {
    if (at + PACKET_FIELDS_BYTES > end) throw new NotPcap('a packet block is too short');
    this.interfaceIndex = this.#sectionBase + this.#word(at);
    const clock = this.#clocks[this.interfaceIndex];
    if (!clock) throw new NotPcap('a packet of an interface that is not described');
    const { ticksPerSecond } = clock;
    const { seconds, rest } = divideTicks(this.#word(at + 4), this.#word(at + 8), ticksPerSecond);
    this.seconds = seconds + clock.offsetSeconds;
    this.nanoseconds = ticksPerSecond === 1e9 ? rest : Math.floor((rest * 1e9) / ticksPerSecond);
    this.start = at + PACKET_FIELDS_BYTES;
    const captured = this.#word(at + 12);
    if (captured > MAX_PACKET_BYTES) throw new NotPcap(`a packet of ${captured} bytes`);
    this.end = this.start + captured;
    if (this.end > end) throw new NotPcap('a packet is longer than its block');
    this.originalLength = this.#word(at + 16);
    this.#optionsEnd = end;
  }

  #packetOptions(visit: (code: number, value: Buffer) => void): void {
    const at = this.start + padded(this.end - this.start);
    forEachOption(this.bytes, at, this.#optionsEnd, this.#littleEndian === true, visit);
  }

  #readInterface(at: number, end: number): void {
    if (at + INTERFACE_FIELDS_BYTES > end) throw new NotPcap('an interface block is too short');
    const { bytes } = this.#window;
    const comments: string[] = [];
    const texts = new Map<number, string>();
    let resolution = DEFAULT_RESOLUTION;
    let offsetSeconds = 0;
    let filter: string | undefined;
    forEachOption(
      bytes,
      at + INTERFACE_FIELDS_BYTES,
      end,
      this.#littleEndian === true,
      (code, value) => {
        if (code === OPTION.comment) comments.push(value.toString());
        else if (code === OPTION.interfaceResolution) resolution = value[0] ?? resolution;
        else if (code === OPTION.interfaceTimeOffset && value.length === 8)
          offsetSeconds = Number(
            this.#littleEndian ? value.readBigInt64LE() : value.readBigInt64BE(),
          );
        else if (code === OPTION.interfaceFilter) filter = value.toString('utf8', 1);
        else texts.set(code, value.toString());
      },
    );
    const ticksPerSecond =
      resolution & POWER_OF_TWO ? 2 ** (resolution & ~POWER_OF_TWO) : 10 ** resolution;
    if (ticksPerSecond > FINEST) throw new NotPcap('its times are finer than can be read here');
    this.#clocks.push({ ticksPerSecond, offsetSeconds });
    const name = texts.get(OPTION.interfaceName);
    const description = texts.get(OPTION.interfaceDescription);
    const os = texts.get(OPTION.interfaceOs);
    this.interfaces.push({
      linkType: this.#littleEndian ? bytes.readUInt16LE(at) : bytes.readUInt16BE(at),
      snapLength: this.#word(at + 4),
      resolution: 1e6 % ticksPerSecond === 0 ? 6 : 9,
      ...(name !== undefined && { name }),
      ...(description !== undefined && { description }),
      ...(filter !== undefined && { filter }),
      ...(os !== undefined && { os }),
      comments,
    });
  }

  #word(at: number): number {
    const { bytes } = this.#window;
    return this.#littleEndian ? bytes.readUInt32LE(at) : bytes.readUInt32BE(at);
  }
}
