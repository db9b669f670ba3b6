import type { ChildProcess } from 'node:child_process';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { parseDisplayFilter } from '../../filters/display/parse.ts';
import type { CapturedInterface, PacketCursor } from '../../pcap/packetCursor.ts';
import { FILE_HEADER_BYTES, RECORD_HEADER_BYTES } from '../../pcap/records.ts';
import { packetsCommand } from '../../tools/tshark.ts';
import { PacketStream } from '../input/packetStream.ts';
import { compileSubset } from './subset.ts';
import { startTshark } from './tsharkProcess.ts';

/** Magic numbers of pcap files with microseconds and nanoseconds. */
const MICROSECONDS = 0xa1b2c3d4;
const NANOSECONDS = 0xa1b23c4d;

/**
 * The packets of a pcap stream that a display filter selects, as a pcap stream. The filter is evaluated by tshark, or
 * here without one. Throws a Problem: wrong usage if tshark refuses the filter, NeedsTshark if it is not supported
 * here.
 */
export function filterPcap(
  packets: AsyncIterable<Buffer>,
  filter: string,
  tshark: string | undefined,
): AsyncGenerator<Buffer, void> {
  return tshark === undefined
    ? filterWithSubset(packets, filter)
    : filterWithTshark(packets, filter, tshark);
}

async function* filterWithTshark(
  packets: AsyncIterable<Buffer>,
  filter: string,
  tshark: string,
): AsyncGenerator<Buffer, void> {
  const running = startTshark(tshark, packetsCommand(filter));
  const { child } = running;
  const fed = feed(child, packets);
  fed.catch(() => {});
  try {
    yield* child.stdout as AsyncIterable<Buffer>;
  } finally {
    child.stdin.destroy();
    child.stdout.destroy();
    await running.closed.catch(() => {});
  }
  const failure = await running.closed;
  // Report a failure of the source first, because tshark saw only the packets before it.
  await fed;
  if (failure) throw failure;
}

/** Writes all packets to the program. Also resolves if it stops reading. Throws the errors of the source. */
async function feed({ stdin }: ChildProcess, packets: AsyncIterable<Buffer>): Promise<void> {
  if (!stdin) return;
  const source = new WatchedSource(packets);
  await pipeline(source.stream, stdin).catch(() => {});
  source.throwFailure();
}

/** A stream of packets that remembers the error that ended it, because readers of streams reword errors. */
class WatchedSource {
  readonly stream: Readable;
  #failure: { readonly error: unknown } | undefined;

  constructor(packets: AsyncIterable<Buffer>) {
    this.stream = Readable.from(this.#watch(packets), { objectMode: false });
  }

  throwFailure(): void {
    if (this.#failure) throw this.#failure.error;
  }

  async *#watch(packets: AsyncIterable<Buffer>): AsyncGenerator<Buffer, void> {
    try {
      yield* packets;
    } catch (error) {
      this.#failure = { error };
      throw error;
    }
  }
}

async function* filterWithSubset(
  packets: AsyncIterable<Buffer>,
  filter: string,
): AsyncGenerator<Buffer, void> {
  const matches = compileSubset(parseDisplayFilter(filter));
  const source = new WatchedSource(packets);
  let stream: PacketStream | undefined;
  let hasHeader = false;
  try {
    stream = await PacketStream.open([{ name: 'the capture', stream: source.stream }]);
    while (await stream.more()) {
      const selected: Buffer[] = [];
      while (stream.next()) {
        if (!hasHeader) selected.push(fileHeader(stream.interface));
        hasHeader = true;
        if (matches(stream)) selected.push(record(stream.cursor, stream.interface));
      }
      if (selected.length > 0) yield Buffer.concat(selected);
    }
  } catch (error) {
    source.throwFailure();
    throw error;
  } finally {
    await stream?.close();
  }
}

function fileHeader({ linkType, snapLength, resolution }: CapturedInterface): Buffer {
  const header = Buffer.alloc(FILE_HEADER_BYTES);
  header.writeUInt32LE(resolution > 6 ? NANOSECONDS : MICROSECONDS, 0);
  header.writeUInt16LE(2, 4);
  header.writeUInt16LE(4, 6);
  header.writeUInt32LE(snapLength, 16);
  header.writeUInt32LE(linkType, 20);
  return header;
}

function record(cursor: PacketCursor, { resolution }: CapturedInterface): Buffer {
  const { bytes, start, end, seconds, nanoseconds, originalLength } = cursor;
  const record = Buffer.alloc(RECORD_HEADER_BYTES + end - start);
  record.writeUInt32LE(seconds, 0);
  record.writeUInt32LE(resolution > 6 ? nanoseconds : Math.floor(nanoseconds / 1000), 4);
  record.writeUInt32LE(end - start, 8);
  record.writeUInt32LE(originalLength, 12);
  bytes.copy(record, RECORD_HEADER_BYTES, start, end);
  return record;
}
