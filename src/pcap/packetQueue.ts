import { openCursor } from './openCursor.ts';
import type { CapturedInterface, PacketCursor } from './packetCursor.ts';
import type { InterfaceStatistics } from './pcapngBlocks.ts';
import { NotPcap } from './records.ts';

/** How a stream of packets ended. */
export interface SourceEnd {
  readonly statistics?: InterfaceStatistics;
  /** What the reader of the file should know of this end: that it was cut off, and why. */
  readonly comments?: readonly string[];
}

/** What comes in a stream of packets, in its order. */
export type StreamItem =
  | { readonly kind: 'bytes'; readonly chunk: Buffer; readonly arrived: number }
  | { readonly kind: 'file-end' }
  | { readonly kind: 'gap'; readonly text: string; readonly packets: number | undefined }
  | { readonly kind: 'end'; readonly end: SourceEnd };

/**
 * The packets of one stream that have come and not gone out: pcap or pcapng in pieces, one file
 * after another, with the gaps between. What was cut off at the end of a file is reported as a gap.
 */
export class PacketQueue {
  /** Stands on the next packet after advance() gave true; undefined between files. */
  cursor: PacketCursor | undefined;
  /** When the bytes of that packet came. */
  arrived = 0;
  /** What is to be told with the next packet, or at the end. */
  comments: string[] = [];
  /** Packets known to be lost in front of the next one. */
  lost = 0;
  /** The interfaces of files that were closed: one without a packet names them too. */
  closedInterfaces: CapturedInterface[] = [];
  /** Set when everything in front of the end was passed. */
  ended: SourceEnd | undefined;
  readonly #items: StreamItem[] = [];
  #queued = 0;
  /** The first bytes of a file, too few to tell what it is. */
  #opening: Buffer | undefined;

  /** Bytes that have come and were not passed. */
  get bytes(): number {
    return this.#queued + this.#unread;
  }

  /** True when all that has come was looked at, and more is needed for the next packet. */
  get needsMore(): boolean {
    return this.#items.length === 0;
  }

  add(item: StreamItem): void {
    if (item.kind === 'bytes') this.#queued += item.chunk.length;
    this.#items.push(item);
  }

  /** Goes to the next packet; false when there is none now, or none any more. Throws NotPcap. */
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

  /** Throws away what has come, but not the end. */
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
