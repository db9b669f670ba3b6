import { openCursor } from './openCursor.ts';
import type { CapturedInterface, PacketCursor } from './packetCursor.ts';
import type { InterfaceStatistics } from './pcapngBlocks.ts';
import { InvalidPcapError } from './records.ts';

/** The end of a stream of packets. */
export interface SourceEnd {
  readonly statistics?: InterfaceStatistics;
  /** What readers of the file should know about this end, such as why the stream was cut off. */
  readonly comments?: readonly string[];
}

/** The items of a stream of packets, in their order. */
export type StreamItem =
  | { readonly kind: 'bytes'; readonly chunk: Buffer; readonly arrivedAt: number }
  | { readonly kind: 'file-end' }
  | { readonly kind: 'gap'; readonly text: string; readonly packets: number | undefined }
  | { readonly kind: 'end'; readonly end: SourceEnd };

/**
 * The packets of one stream that have arrived and were not written: pcap or pcapng in pieces, one file after another,
 * with the gaps between them. An incomplete packet at the end of a file is reported as a gap.
 */
export class PacketQueue {
  /** At the next packet after advance() returned true; undefined between files. */
  cursor: PacketCursor | undefined;
  /** The time at which the bytes of that packet arrived. */
  arrivedAt = 0;
  /** Comments for the next packet, or for the end. */
  comments: string[] = [];
  /** Packets known to be lost before the next one. */
  lostPackets = 0;
  /** The interfaces of closed files, including files without a packet. */
  closedInterfaces: CapturedInterface[] = [];
  /** Set once everything before the end was read. */
  sourceEnd: SourceEnd | undefined;
  readonly #items: StreamItem[] = [];
  #queuedBytes = 0;
  /** The first bytes of a file, while they are too few to recognize its format. */
  #beginning: Buffer | undefined;

  /** Bytes that have arrived and were not read. */
  get bytes(): number {
    return this.#queuedBytes + this.#unreadBytes;
  }

  /** True if everything that has arrived was processed, and the next packet needs more. */
  get needsMore(): boolean {
    return this.#items.length === 0;
  }

  add(item: StreamItem): void {
    if (item.kind === 'bytes') this.#queuedBytes += item.chunk.length;
    this.#items.push(item);
  }

  /** Advances to the next packet; false if there is none yet, or none left. Throws InvalidPcapError. */
  advance(): boolean {
    for (;;) {
      if (this.cursor?.next()) {
        if (!this.cursor.hasTime) throw new InvalidPcapError('it has packets without a timestamp');
        return true;
      }
      const item = this.#items.shift();
      if (!item) return false;
      this.#process(item);
    }
  }

  /** Discards everything that has arrived except the end. */
  discard(): void {
    this.#leaveFile();
    this.#queuedBytes = 0;
    const end = this.#items.find(({ kind }) => kind === 'end');
    this.#items.splice(0, this.#items.length, ...(end ? [end] : []));
  }

  get #unreadBytes(): number {
    return this.cursor?.pending ?? this.#beginning?.length ?? 0;
  }

  #process(item: StreamItem): void {
    switch (item.kind) {
      case 'bytes':
        this.#queuedBytes -= item.chunk.length;
        this.arrivedAt = item.arrivedAt;
        this.#push(item.chunk);
        return;
      case 'file-end':
        this.#closeFile();
        return;
      case 'gap':
        this.comments.push(item.text);
        this.lostPackets += item.packets ?? 0;
        return;
      case 'end':
        this.#closeFile();
        this.sourceEnd = item.end;
    }
  }

  #push(chunk: Buffer): void {
    if (this.cursor) {
      this.cursor.push(chunk);
      return;
    }
    const beginning = this.#beginning ? Buffer.concat([this.#beginning, chunk]) : chunk;
    this.cursor = openCursor(beginning);
    this.#beginning = this.cursor ? undefined : beginning;
  }

  #closeFile(): void {
    const truncatedBytes = this.#unreadBytes;
    if (truncatedBytes > 0)
      this.comments.push(`cut off inside a packet: ${truncatedBytes} bytes were dropped`);
    this.#leaveFile();
  }

  #leaveFile(): void {
    if (this.cursor) this.closedInterfaces.push(...this.cursor.interfaces);
    this.cursor = undefined;
    this.#beginning = undefined;
  }
}
