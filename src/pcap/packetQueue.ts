import { openCursor } from './openCursor.ts';
import type { CapturedInterface, PacketCursor } from './packetCursor.ts';
import type { InterfaceStatistics } from './pcapngBlocks.ts';
import { NotPcap } from './records.ts';

/** The end of a stream of packets. */
export interface SourceEnd {
  readonly statistics?: InterfaceStatistics;
  /** What readers of the file should know about this end, such as why the stream was cut off. */
  readonly comments?: readonly string[];
}

/** The items of a stream of packets, in their order. */
export type StreamItem =
  | { readonly kind: 'bytes'; readonly chunk: Buffer; readonly arrived: number }
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
  arrived = 0;
  /** Comments for the next packet, or for the end. */
  comments: string[] = [];
  /** Packets known to be lost before the next one. */
  lost = 0;
  /** The interfaces of closed files, including files without a packet. */
  closedInterfaces: CapturedInterface[] = [];
  /** Set once everything before the end was read. */
  ended: SourceEnd | undefined;
  readonly #items: StreamItem[] = [];
  #queued = 0;
  /** The first bytes of a file, while they are too few to recognize its format. */
  #opening: Buffer | undefined;

  /** Bytes that have arrived and were not read. */
  get bytes(): number {
    return this.#queued + this.#unread;
  }

  /** True if everything that has arrived was processed, and the next packet needs more. */
  get needsMore(): boolean {
    return this.#items.length === 0;
  }

  add(item: StreamItem): void {
    if (item.kind === 'bytes') this.#queued += item.chunk.length;
    this.#items.push(item);
  }

  /** Advances to the next packet; false if there is none yet, or none left. Throws NotPcap. */
  advance(): boolean {
    for (;;) {
      if (this.cursor?.next()) {
        if (!this.cursor.hasTime) throw new NotPcap('it has packets without a timestamp');
        return true;
      }
      const item = this.#items.shift();
      if (!item) return false;
      this.#take(item);
    }
  }

  /** Discards everything that has arrived except the end. */
  discard(): void {
    this.#leaveFile();
    this.#queued = 0;
    const end = this.#items.find(({ kind }) => kind === 'end');
    this.#items.splice(0, this.#items.length, ...(end ? [end] : []));
  }

  get #unread(): number {
    return this.cursor?.pending ?? this.#opening?.length ?? 0;
  }

  #take(item: StreamItem): void {
    switch (item.kind) {
      case 'bytes':
        this.#queued -= item.chunk.length;
        this.arrived = item.arrived;
        this.#push(item.chunk);
        return;
      case 'file-end':
        this.#closeFile();
        return;
      case 'gap':
        this.comments.push(item.text);
        this.lost += item.packets ?? 0;
        return;
      case 'end':
        this.#closeFile();
        this.ended = item.end;
    }
  }

  #push(chunk: Buffer): void {
    if (this.cursor) {
      this.cursor.push(chunk);
      return;
    }
    const beginning = this.#opening ? Buffer.concat([this.#opening, chunk]) : chunk;
    this.cursor = openCursor(beginning);
    this.#opening = this.cursor ? undefined : beginning;
  }

  #closeFile(): void {
    const cutOff = this.#unread;
    if (cutOff > 0) this.comments.push(`cut off inside a packet: ${cutOff} bytes were dropped`);
    this.#leaveFile();
  }

  #leaveFile(): void {
    if (this.cursor) this.closedInterfaces.push(...this.cursor.interfaces);
    this.cursor = undefined;
    this.#opening = undefined;
  }
}
