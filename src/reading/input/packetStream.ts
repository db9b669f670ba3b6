import type { Readable } from 'node:stream';
import { type CaptureReader, openCapture, openCaptureStream } from '../../pcap/captureReader.ts';
import type { CapturedInterface, NamedAddress, PacketCursor } from '../../pcap/packetCursor.ts';
import { InvalidPcapError } from '../../pcap/records.ts';
import { SourceHeap } from '../../pcap/sourceHeap.ts';
import { Problem } from '../../problem.ts';
import { STANDARD_INPUT, unreadable } from './captureFiles.ts';

/** A capture that is read from a stream, and its name in messages. */
export interface NamedStream {
  readonly name: string;
  readonly stream: Readable;
}

/** A path, `-` for standard input, or a stream, which can only be read once. */
export type PacketInput = string | NamedStream;

/** One of the capture files in a PacketStream. */
export class StreamSource {
  readonly input: PacketInput;
  readonly index: number;
  /** The time of its next packet. */
  seconds = 0;
  nanoseconds = 0;
  reader: CaptureReader | undefined;
  /** The number of its names that the PacketStream has copied. */
  names = 0;

  constructor(input: PacketInput, index: number) {
    this.input = input;
    this.index = index;
  }

  /** Whether it can be opened again. */
  get isFile(): boolean {
    return typeof this.input === 'string' && this.input !== STANDARD_INPUT;
  }

  takeTime(): void {
    const { cursor } = this.reader as CaptureReader;
    this.seconds = cursor.seconds;
    this.nanoseconds = cursor.nanoseconds;
  }

  /** Opens it and advances to its first packet; false if there is none. Throws a Problem. */
  async open(): Promise<boolean> {
    try {
      this.reader = await this.#open();
      while (await this.reader.readChunk())
        if (this.reader.next()) {
          this.takeTime();
          return true;
        }
      return false;
    } catch (error) {
      await this.reader?.close();
      if (error instanceof InvalidPcapError)
        throw new Problem(`${nameOf(this.input)} is not a capture file: ${error.message}`, {
          kind: 'damaged',
          cause: error,
        });
      // The stream's owner has already worded this failure.
      if (error instanceof Problem && typeof this.input !== 'string') throw error;
      throw unreadable(nameOf(this.input), error);
    }
  }

  async #open(): Promise<CaptureReader> {
    if (typeof this.input !== 'string') return openCaptureStream(this.input.stream);
    if (this.input === STANDARD_INPUT) return openCaptureStream(process.stdin);
    return openCapture(this.input);
  }
}

/**
 * The packets of several capture files in the order of their times:
 *
 *     while (await stream.more()) while (stream.next()) use(stream.cursor);
 *
 * Each file is open only from its first to its last packet, so that a ring of a thousand files needs few open files.
 * The packets of a file keep their order.
 */
export class PacketStream {
  /** The number of packets read, which is the number of the current packet. */
  number = 0;
  /** Why files could not be read to the end, one sentence each. */
  readonly notes: string[] = [];
  /** Names for addresses in the files, as far as they have been read. */
  readonly names: NamedAddress[] = [];
  readonly #heap = new SourceHeap<StreamSource>();
  #current: StreamSource | undefined;
  /** Whether the packet of the first source has already been returned. */
  #isPassed = false;

  /** Opens the inputs. Throws a Problem if one cannot be read or is not a capture. */
  static async open(inputs: readonly PacketInput[]): Promise<PacketStream> {
    const stream = new PacketStream();
    for (const [index, input] of inputs.entries()) {
      const source = new StreamSource(input, index);
      const hasPackets = await source.open();
      stream.#takeNames(source);
      if (!hasPackets) {
        await stream.#close(source);
        stream.#current ??= source;
        continue;
      }
      stream.#heap.add(source);
      // The time of its first packet is known. The file is opened again when it is needed.
      if (inputs.length > 1 && source.isFile) {
        await source.reader?.close();
        source.reader = undefined;
      }
    }
    return stream;
  }

  /** The cursor at the current packet. */
  get cursor(): PacketCursor {
    const reader = this.#current?.reader;
    if (!reader) throw new Error('no packet was read');
    return reader.cursor;
  }

  /** The interface of the current packet. */
  get interface(): CapturedInterface {
    const { cursor } = this;
    return cursor.interfaces[cursor.interfaceIndex] as CapturedInterface;
  }

  /** The interfaces of the last file that was read, even if it had no packets. */
  get interfaces(): readonly CapturedInterface[] {
    return this.#current?.reader?.cursor.interfaces ?? [];
  }

  /** Waits for more bytes; false if there are no more packets. Throws a Problem. */
  async more(): Promise<boolean> {
    for (;;) {
      const source = this.#heap.first;
      if (!source) return false;
      if (!source.reader) {
        if (await source.open()) return true;
        // The file has changed since it was first opened.
        this.#heap.removeFirst();
        continue;
      }
      this.#takeNames(source);
      if (!this.#isPassed || (await source.reader.readChunk())) return true;
      this.#heap.removeFirst();
      this.#isPassed = false;
      await this.#close(source);
    }
  }

  /** Advances to the next packet; false if more() must be called first. */
  next(): boolean {
    const heap = this.#heap;
    let source = heap.first;
    if (!source) return false;
    if (this.#isPassed) {
      if (!source.reader?.next()) return false;
      source.takeTime();
      heap.siftFirstDown();
      source = heap.first as StreamSource;
    }
    this.#isPassed = false;
    if (!source.reader) return false;
    this.#isPassed = true;
    this.#current = source;
    this.number += 1;
    return true;
  }

  async close(): Promise<void> {
    for (const { reader } of this.#heap.all) await reader?.close();
  }

  #takeNames(source: StreamSource): void {
    const names = source.reader?.cursor.names ?? [];
    for (; source.names < names.length; source.names += 1)
      this.names.push(names[source.names] as NamedAddress);
  }

  async #close({ input, reader }: StreamSource): Promise<void> {
    if (!reader) return;
    if (reader.damage !== undefined)
      this.notes.push(
        `${nameOf(input)} is damaged after ${reader.packets} packets: ${reader.damage}`,
      );
    else if (reader.truncatedBytes > 0)
      this.notes.push(
        `${nameOf(input)} ends inside a packet: the last ${reader.truncatedBytes} bytes are skipped`,
      );
    await reader.close();
  }
}

function nameOf(input: PacketInput): string {
  if (typeof input !== 'string') return input.name;
  return input === STANDARD_INPUT ? 'standard input' : input;
}
