import { type Moment, type Resolution, toMoment, writeTicks } from './moment.ts';
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
  padTo4,
  SECTION_FIELDS_BYTES,
  STATISTICS_FIELDS_BYTES,
} from './pcapngFormat.ts';
import { PcapngOptions } from './pcapngOptions.ts';

/** The program and the computer that wrote a file. */
export interface SectionDescription {
  /** The program and its version. */
  readonly application: string;
  readonly hardware?: string;
  readonly os?: string;
  readonly comment?: string;
}

/** The recorder's counters of an interface. Unknown ones are omitted from the file. */
export interface InterfaceStatistics {
  /** Milliseconds since 1970, by the clock of the packets' times. */
  readonly start?: number;
  readonly end?: number;
  /** Packets that passed the filter, including those that were then dropped. */
  readonly receivedByFilter?: number;
  readonly droppedByKernel?: number;
  readonly droppedByInterface?: number;
}

/** The length is unknown while the section is written. */
const UNKNOWN_LENGTH = -1n;

/** The section header, the first block of every file. */
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
  return encodeBlock(BLOCK.section, fields, options);
}

/** Describes an interface. Interfaces are numbered from 0 in the order of these blocks. */
export function interfaceBlock(capturedInterface: CapturedInterface): Buffer {
  const fields = Buffer.alloc(INTERFACE_FIELDS_BYTES);
  fields.writeUInt16LE(capturedInterface.linkType, 0);
  fields.writeUInt32LE(capturedInterface.snapLength, 4);
  const options = new PcapngOptions()
    .comment(capturedInterface.comments)
    .text(OPTION.interfaceName, capturedInterface.name)
    .text(OPTION.interfaceDescription, capturedInterface.description)
    .bytes(OPTION.interfaceResolution, Buffer.from([capturedInterface.resolution]));
  if (capturedInterface.filter !== undefined) {
    const filter = Buffer.concat([
      Buffer.from([FILTER_IS_TEXT]),
      Buffer.from(capturedInterface.filter),
    ]);
    options.bytes(OPTION.interfaceFilter, filter);
  }
  options.text(OPTION.interfaceOs, capturedInterface.os);
  return encodeBlock(BLOCK.interface, fields, options);
}

/** Names for addresses, valid for all packets of the file. */
export function namesBlock(addresses: readonly NamedAddress[]): Buffer {
  const records = addresses.map(({ address, name }) => {
    const text = Buffer.from(`${name}\0`);
    const length = address.length + text.length;
    const record = Buffer.alloc(NAME_HEADER_BYTES + padTo4(length));
    record.writeUInt16LE(address.length === 4 ? NAME_RECORD.ipv4 : NAME_RECORD.ipv6, 0);
    record.writeUInt16LE(length, 2);
    address.copy(record, NAME_HEADER_BYTES);
    text.copy(record, NAME_HEADER_BYTES + address.length);
    return record;
  });
  const end = Buffer.alloc(NAME_HEADER_BYTES);
  return encodeBlock(BLOCK.names, Buffer.concat([...records, end]), new PcapngOptions());
}

/** The counts of an interface up to the time `at`. `delivered` is the number of its packets in the file. */
export interface InterfaceOutcome {
  readonly id: number;
  readonly resolution: Resolution;
  readonly at: Moment;
  readonly delivered: number;
  readonly statistics: InterfaceStatistics;
  readonly comments: readonly string[];
}

/**
 * Wireshark shows only one such block for each interface, and of it only the drops of the interface. So the kernel's
 * drops are included there and also counted separately, as in files of dumpcap.
 */
export function statisticsBlock(outcome: InterfaceOutcome): Buffer {
  const { id, resolution, at, delivered, statistics, comments } = outcome;
  const { start, end, receivedByFilter, droppedByKernel, droppedByInterface } = statistics;
  const fields = Buffer.alloc(STATISTICS_FIELDS_BYTES);
  fields.writeUInt32LE(id, 0);
  writeTicks(fields, 4, at.seconds, at.nanoseconds, resolution);
  const options = new PcapngOptions().comment(comments);
  if (start !== undefined) options.moment(OPTION.statisticsStart, toMoment(start), resolution);
  if (end !== undefined) options.moment(OPTION.statisticsEnd, toMoment(end), resolution);
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
  return encodeBlock(BLOCK.statistics, fields, options);
}

function encodeBlock(type: number, fields: Buffer, options: PcapngOptions): Buffer {
  const body = Buffer.concat([fields, options.encode()]);
  const length = BLOCK_FRAME_BYTES + body.length;
  const bytes = Buffer.alloc(length);
  bytes.writeUInt32LE(type, 0);
  bytes.writeUInt32LE(length, 4);
  body.copy(bytes, BLOCK_HEADER_BYTES);
  bytes.writeUInt32LE(length, length - 4);
  return bytes;
}
