import { type Moment, momentOf, type Resolution, writeTicks } from './moment.ts';
import type { CapturedInterface, NamedAddress } from './packetCursor.ts';
import {
  BLOCK,
  BLOCK_FRAME_BYTES,
  BLOCK_HEADER_BYTES,
  BYTE_ORDER_MAGIC,
  FILTER_IS_TEXT,
  INTERFACE_FIELDS_BYTES,
  NAME_HEADER_BYTES,
  NAME_RECORD,
  OPTION,
  padded,
  SECTION_FIELDS_BYTES,
  STATISTICS_FIELDS_BYTES,
} from './pcapngFormat.ts';
import { PcapngOptions } from './pcapngOptions.ts';

/** Who wrote a file, and where. */
export interface SectionDescription {
  /** The program and its version. */
  readonly application: string;
  readonly hardware?: string;
  readonly os?: string;
  readonly comment?: string;
}

/** What a recorder counted on an interface; what it did not tell is left out of the file. */
export interface InterfaceStatistics {
  /** Milliseconds since 1970, by the clock that the packets' times are from. */
  readonly start?: number;
  readonly end?: number;
  /** Packets that the filter let through, those that were then dropped included. */
  readonly receivedByFilter?: number;
  readonly droppedByKernel?: number;
  readonly droppedByInterface?: number;
}

/** A section whose length is not said, since nobody knows it while it is written. */
const UNKNOWN_LENGTH = -1n;

/** The section header: what every file begins with. */
export function sectionBlock(section: SectionDescription): Buffer {
  const fields = Buffer.alloc(SECTION_FIELDS_BYTES);
  fields.writeUInt32LE(BYTE_ORDER_MAGIC, 0);
  fields.writeUInt16LE(1, 4);
  fields.writeUInt16LE(0, 6);
  fields.writeBigInt64LE(UNKNOWN_LENGTH, 8);
  const options = new PcapngOptions()
    .comment(section.comment === undefined ? [] : [section.comment])
    .text(OPTION.sectionHardware, section.hardware)
    .text(OPTION.sectionOs, section.os)
    .text(OPTION.sectionApplication, section.application);
  return block(BLOCK.section, fields, options);
}

/** Describes an interface; the first one of a file has the number 0, the next 1 … */
export function interfaceBlock(described: CapturedInterface): Buffer {
  const fields = Buffer.alloc(INTERFACE_FIELDS_BYTES);
  fields.writeUInt16LE(described.linkType, 0);
  fields.writeUInt32LE(described.snapLength, 4);
  const options = new PcapngOptions()
    .comment(described.comments)
    .text(OPTION.interfaceName, described.name)
    .text(OPTION.interfaceDescription, described.description)
    .bytes(OPTION.interfaceResolution, Buffer.from([described.resolution]));
  if (described.filter !== undefined) {
    const filter = Buffer.concat([Buffer.from([FILTER_IS_TEXT]), Buffer.from(described.filter)]);
    options.bytes(OPTION.interfaceFilter, filter);
  }
  options.text(OPTION.interfaceOs, described.os);
  return block(BLOCK.interface, fields, options);
}

/** Gives names to addresses, for all packets of the file. */
export function namesBlock(named: readonly NamedAddress[]): Buffer {
  const records = named.map(({ address, name }) => {
    const text = Buffer.from(`${name}\0`);
    const length = address.length + text.length;
    const record = Buffer.alloc(NAME_HEADER_BYTES + padded(length));
    record.writeUInt16LE(address.length === 4 ? NAME_RECORD.ipv4 : NAME_RECORD.ipv6, 0);
    record.writeUInt16LE(length, 2);
    address.copy(record, NAME_HEADER_BYTES);
    text.copy(record, NAME_HEADER_BYTES + address.length);
    return record;
  });
  const end = Buffer.alloc(NAME_HEADER_BYTES);
  return block(BLOCK.names, Buffer.concat([...records, end]), new PcapngOptions());
}

/** What became of an interface's packets, until `at`; `delivered` of them are in the file. */
export interface InterfaceOutcome {
  readonly id: number;
  readonly resolution: Resolution;
  readonly at: Moment;
  readonly delivered: number;
  readonly statistics: InterfaceStatistics;
  readonly comments: readonly string[];
}

/**
 * Wireshark shows one such block an interface, and of it the drops "of the interface" alone: as in
 * dumpcap's files, those of the kernel are among them, and stand for themselves as well.
 */
export function statisticsBlock(outcome: InterfaceOutcome): Buffer {
  const { id, resolution, at, delivered, statistics, comments } = outcome;
  const { start, end, receivedByFilter, droppedByKernel, droppedByInterface } = statistics;
  const fields = Buffer.alloc(STATISTICS_FIELDS_BYTES);
  fields.writeUInt32LE(id, 0);
  writeTicks(fields, 4, at.seconds, at.nanoseconds, resolution);
  const options = new PcapngOptions().comment(comments);
  if (start !== undefined) options.moment(OPTION.statisticsStart, momentOf(start), resolution);
  if (end !== undefined) options.moment(OPTION.statisticsEnd, momentOf(end), resolution);
  options.count(OPTION.statisticsReceived, receivedByFilter);
  if (droppedByKernel !== undefined || droppedByInterface !== undefined)
    options.count(
      OPTION.statisticsInterfaceDrop,
      (droppedByKernel ?? 0) + (droppedByInterface ?? 0),
    );
  options
    .count(OPTION.statisticsFilterAccept, receivedByFilter)
    .count(OPTION.statisticsOsDrop, droppedByKernel)
    .count(OPTION.statisticsDelivered, delivered);
  return block(BLOCK.statistics, fields, options);
}

function block(type: number, fields: Buffer, options: PcapngOptions): Buffer {
  const body = Buffer.concat([fields, options.encode()]);
  const length = BLOCK_FRAME_BYTES + body.length;
  const bytes = Buffer.alloc(length);
  bytes.writeUInt32LE(type, 0);
  bytes.writeUInt32LE(length, 4);
  body.copy(bytes, BLOCK_HEADER_BYTES);
  bytes.writeUInt32LE(length, length - 4);
  return bytes;
}
