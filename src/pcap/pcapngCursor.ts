import { ByteWindow } from './byteWindow.ts';
import { GAP_COMMENT_PREFIX } from './gapComment.ts';
import { divideTicks } from './moment.ts';
import {
  type CapturedInterface,
  type InterfaceCounts,
  MAX_PACKET_BYTES,
  type NamedAddress,
  type PacketCursor,
} from './packetCursor.ts';
import {
  BLOCK,
  BLOCK_FRAME_BYTES,
  BLOCK_HEADER_BYTES,
  BYTE_ORDER_MAGIC,
  INTERFACE_FIELDS_BYTES,
  NAME_HEADER_BYTES,
  NAME_RECORD,
  OPTION,
  PACKET_FIELDS_BYTES,
  padTo4,
  SECTION_FIELDS_BYTES,
  STATISTICS_FIELDS_BYTES,
} from './pcapngFormat.ts';
import { forEachOption } from './pcapngOptions.ts';
import { InvalidPcapError, readU32 } from './records.ts';

/** The maximum that Wireshark reads (MAX_BLOCK_SIZE). */
const MAX_BLOCK_BYTES = 16 * 1024 * 1024;

/** Microseconds, if an interface has no resolution option. */
const DEFAULT_RESOLUTION = 6;
/** Set if the resolution is a power of two instead of ten. */
const POWER_OF_TWO_FLAG = 0x80;
/** The finest resolution that can be divided exactly in steps below 2^53. Finer ones need bigints. */
const MAX_EXACT_TICKS_PER_SECOND = 1e11;
/** A limit for streams with endless names and comments. */
const MAX_NAMES = 100_000;
const MAX_COMMENTS = 1_000;

interface Clock {
  readonly ticksPerSecond: number;
  /** If there are too many ticks in a second for a number. */
  readonly exactTicks?: bigint;
  readonly offsetSeconds: number;
}

/**
 * Iterates over a pcapng stream of either byte order, with any number of sections. Reads packets, interfaces, interface
 * statistics, names and comments; skips other blocks.
 */
export class PcapngCursor implements PacketCursor {
  readonly interfaces: CapturedInterface[] = [];
  readonly counts: (InterfaceCounts | undefined)[] = [];
  readonly names: NamedAddress[] = [];
  readonly sectionComments: string[] = [];
  readonly invalidTimes = 0;
  lost = 0;
  readonly gaps: (number | undefined)[] = [];
  interfaceIndex = 0;
  hasTime = true;
  seconds = 0;
  nanoseconds = 0;
  originalLength = 0;
  start = 0;
  end = 0;
  readonly #window = new ByteWindow();
  readonly #clocks: Clock[] = [];
  #littleEndian: boolean | undefined;
  /** The interface numbers of each section begin at 0. */
  #sectionBase = 0;
  #optionsEnd = 0;

  push(chunk: Buffer, headroom?: number): void {
    this.#window.push(chunk, headroom);
  }

  get pending(): number {
    return this.#window.pending;
  }

  get bytes(): Buffer {
    return this.#window.bytes;
  }

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
      const length = this.#u32(at + 4);
      if (length < BLOCK_FRAME_BYTES || length % 4 !== 0 || length > MAX_BLOCK_BYTES)
        throw new InvalidPcapError(`a block claims ${length} bytes`);
      if (!window.has(length)) return false;
      if (this.#u32(at + length - 4) !== length)
        throw new InvalidPcapError('the two lengths of a block differ');
      window.at += length;
      const fields = at + BLOCK_HEADER_BYTES;
      const end = at + length - 4;
      switch (type) {
        case BLOCK.packet:
          this.#readPacket(fields, end, this.#u32(fields));
          return true;
        case BLOCK.oldPacket:
          this.#readPacket(fields, end, this.#u16(fields));
          return true;
        case BLOCK.simplePacket:
          this.#readSimplePacket(fields, end);
          return true;
        case BLOCK.section:
          this.#sectionBase = this.interfaces.length;
          this.#readSection(fields, end);
          break;
        case BLOCK.interface:
          this.#readInterface(fields, end);
          break;
        case BLOCK.statistics:
          this.#readStatistics(fields, end);
          break;
        case BLOCK.names:
          this.#readNames(fields, end);
      }
    }
    return false;
  }

  /** Returns the type of the block. The type of a section header sets the byte order of what follows. */
  #startBlock(at: number): number {
    const { bytes } = this.#window;
    if (bytes.readUInt32LE(at) === BLOCK.section) {
      if (bytes.readUInt32LE(at + 8) === BYTE_ORDER_MAGIC) this.#littleEndian = true;
      else if (bytes.readUInt32BE(at + 8) === BYTE_ORDER_MAGIC) this.#littleEndian = false;
      else throw new InvalidPcapError('a section without a byte order');
      return BLOCK.section;
    }
    if (this.#littleEndian === undefined)
      throw new InvalidPcapError(
        `not a pcapng stream: it begins with ${bytes.toString('hex', at, at + 4)}`,
      );
    return this.#u32(at);
  }

  #readPacket(at: number, end: number, interfaceIndex: number): void {
    if (at + PACKET_FIELDS_BYTES > end) throw new InvalidPcapError('a packet block is too short');
    this.interfaceIndex = this.#sectionBase + interfaceIndex;
    const clock = this.#clocks[this.interfaceIndex];
    if (!clock) throw new InvalidPcapError('a packet of an interface without a description');
    this.#readTime(clock, this.#u32(at + 4), this.#u32(at + 8));
    this.hasTime = true;
    this.start = at + PACKET_FIELDS_BYTES;
    const captured = this.#u32(at + 12);
    if (captured > MAX_PACKET_BYTES) throw new InvalidPcapError(`a packet of ${captured} bytes`);
    this.end = this.start + captured;
    if (this.end > end) throw new InvalidPcapError('a packet is longer than its block');
    this.originalLength = this.#u32(at + 16);
    this.#optionsEnd = end;
    if (this.start + padTo4(captured) < end) this.#countLost();
  }

  #readTime(clock: Clock, high: number, low: number): void {
    const { ticksPerSecond, exactTicks } = clock;
    if (exactTicks !== undefined) {
      const ticks = (BigInt(high) << 32n) | BigInt(low);
      this.seconds = Number(ticks / exactTicks) + clock.offsetSeconds;
      this.nanoseconds = Number(((ticks % exactTicks) * 1_000_000_000n) / exactTicks);
      return;
    }
    const { seconds, rest } = divideTicks(high, low, ticksPerSecond);
    this.seconds = seconds + clock.offsetSeconds;
    this.nanoseconds = ticksPerSecond === 1e9 ? rest : Math.floor((rest * 1e9) / ticksPerSecond);
  }

  /** A simple packet belongs to the first interface, and its captured length is limited by the snap length. */
  #readSimplePacket(at: number, end: number): void {
    const capturedInterface = this.interfaces[this.#sectionBase];
    if (!capturedInterface || at + 4 > end)
      throw new InvalidPcapError('a packet of an interface without a description');
    this.interfaceIndex = this.#sectionBase;
    this.hasTime = false;
    this.originalLength = this.#u32(at);
    this.start = at + 4;
    const limit =
      capturedInterface.snapLength === 0 ? this.originalLength : capturedInterface.snapLength;
    this.end = Math.min(end, this.start + Math.min(this.originalLength, limit));
    this.#optionsEnd = this.end;
  }

  #countLost(): void {
    this.#packetOptions((code, value) => {
      if (code === OPTION.packetDropCount && value.length === 8)
        this.lost += this.#readCount(value);
      else if (code === OPTION.comment && value.toString().startsWith(GAP_COMMENT_PREFIX))
        this.gaps[this.interfaceIndex] = (this.gaps[this.interfaceIndex] ?? 0) + 1;
    });
  }

  #readSection(at: number, end: number): void {
    this.#options(at + SECTION_FIELDS_BYTES, end, (code, value) => {
      if (code === OPTION.comment && this.sectionComments.length < MAX_COMMENTS)
        this.sectionComments.push(value.toString());
    });
  }

  /** Statistics count from the start of the capture, so the last block of an interface is used. */
  #readStatistics(at: number, end: number): void {
    if (at + STATISTICS_FIELDS_BYTES > end) return;
    const index = this.#sectionBase + this.#u32(at);
    if (index >= this.interfaces.length) return;
    let interfaceDrops: number | undefined;
    let systemDrops: number | undefined;
    const counts: InterfaceCounts = {};
    this.#options(at + STATISTICS_FIELDS_BYTES, end, (code, value) => {
      if (value.length !== 8) return;
      if (code === OPTION.statisticsReceived) counts.received = this.#readCount(value);
      else if (code === OPTION.statisticsInterfaceDrop) interfaceDrops = this.#readCount(value);
      else if (code === OPTION.statisticsOsDrop) systemDrops = this.#readCount(value);
    });
    // Writers count the same packets in one of the two, or in both.
    if (interfaceDrops !== undefined || systemDrops !== undefined)
      counts.dropped = Math.max(interfaceDrops ?? 0, systemDrops ?? 0);
    this.counts[index] = counts;
  }

  #readNames(start: number, end: number): void {
    const { bytes } = this.#window;
    let at = start;
    while (at + NAME_HEADER_BYTES <= end) {
      const type = this.#u16(at);
      const length = this.#u16(at + 2);
      const value = at + NAME_HEADER_BYTES;
      if (type === NAME_RECORD.end || value + length > end) return;
      const size = type === NAME_RECORD.ipv4 ? 4 : type === NAME_RECORD.ipv6 ? 16 : 0;
      if (size > 0 && length > size && this.names.length < MAX_NAMES) {
        const [name = ''] = bytes.toString('utf8', value + size, value + length).split('\0', 1);
        const address = Buffer.from(bytes.subarray(value, value + size));
        if (name !== '') this.names.push({ address, name });
      }
      at = value + padTo4(length);
    }
  }

  #packetOptions(visit: (code: number, value: Buffer) => void): void {
    const at = this.start + padTo4(this.end - this.start);
    this.#options(at, this.#optionsEnd, visit);
  }

  #options(at: number, end: number, visit: (code: number, value: Buffer) => void): void {
    forEachOption(this.bytes, at, end, this.#littleEndian === true, visit);
  }

  #readCount(value: Buffer): number {
    return Number(this.#littleEndian ? value.readBigUInt64LE() : value.readBigUInt64BE());
  }

  #readInterface(at: number, end: number): void {
    if (at + INTERFACE_FIELDS_BYTES > end)
      throw new InvalidPcapError('an interface block is too short');
    const comments: string[] = [];
    const texts = new Map<number, string>();
    let resolution = DEFAULT_RESOLUTION;
    let offsetSeconds = 0;
    let filter: string | undefined;
    this.#options(at + INTERFACE_FIELDS_BYTES, end, (code, value) => {
      if (code === OPTION.comment) comments.push(value.toString());
      else if (code === OPTION.interfaceResolution) resolution = value[0] ?? resolution;
      else if (code === OPTION.interfaceTimeOffset && value.length === 8)
        offsetSeconds = Number(
          this.#littleEndian ? value.readBigInt64LE() : value.readBigInt64BE(),
        );
      else if (code === OPTION.interfaceFilter) filter = value.toString('utf8', 1);
      else texts.set(code, value.toString());
    });
    const base = resolution & POWER_OF_TWO_FLAG ? 2 : 10;
    const exponent = resolution & ~POWER_OF_TWO_FLAG;
    const ticksPerSecond = base ** exponent;
    const exactTicks =
      ticksPerSecond > MAX_EXACT_TICKS_PER_SECOND ? BigInt(base) ** BigInt(exponent) : undefined;
    this.#clocks.push({ ticksPerSecond, offsetSeconds, ...(exactTicks && { exactTicks }) });
    const name = texts.get(OPTION.interfaceName);
    const description = texts.get(OPTION.interfaceDescription);
    const os = texts.get(OPTION.interfaceOs);
    this.interfaces.push({
      linkType: this.#u16(at),
      snapLength: this.#u32(at + 4),
      resolution: 1e6 % ticksPerSecond === 0 ? 6 : 9,
      ...(name !== undefined && { name }),
      ...(description !== undefined && { description }),
      ...(filter !== undefined && { filter }),
      ...(os !== undefined && { os }),
      comments,
    });
  }

  #u32(at: number): number {
    return readU32(this.#window.bytes, at, this.#littleEndian === true);
  }

  #u16(at: number): number {
    const { bytes } = this.#window;
    return this.#littleEndian ? bytes.readUInt16LE(at) : bytes.readUInt16BE(at);
  }
}
