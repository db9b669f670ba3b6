import { messageOf } from '../problem.ts';
import { isBefore, type Moment, type Resolution } from './moment.ts';
import type { PacketCursor } from './packetCursor.ts';
import { PacketQueue, type SourceEnd, type StreamItem } from './packetQueue.ts';
import type { CaptureLocation } from './podInterface.ts';

/** The input of a merge for one recorder. */
export interface Source {
  /** Packets written. */
  readonly packets: number;
  /** Packets written after newer ones, because they arrived too late. */
  readonly latePackets: number;
  /**
   * Takes the next bytes of a pcap or pcapng stream, split anywhere. They are kept, not copied. Resolves when there is
   * space for more. Rejects with InvalidPcapError if the stream is damaged (the other sources continue; this one must still be
   * ended), or with the error of the output.
   */
  write(chunk: Buffer): Promise<void>;
  /** The next bytes are a new file with its own header. */
  nextFile(): void;
  /** Packets are missing between the bytes before and after this call. Noted with the next packet. */
  gap(text: string, packets?: number): void;
  /** Reports that no older packets will follow, so that a silent source delays nobody. */
  progress(moment: Moment): void;
  end(end?: SourceEnd): void;
}

/** An interface in the output. */
export interface NumberedInterface {
  readonly id: number;
  readonly resolution: Resolution;
}

/** The merger, as its sources see it. */
export interface MergeHost {
  /** A clock in milliseconds that stops while the output is busy. */
  now(): number;
  /** Something arrived that may allow packets to be written. */
  onChange(source: MergeSource): void;
  /** The number of bytes that each source may buffer. */
  bufferBytes(): number;
}

interface PendingWrite {
  resolve(): void;
  reject(error: unknown): void;
}

/** A time before every packet. */
const NEVER: Moment = { seconds: -1, nanoseconds: 0 };

export class MergeSource implements Source {
  readonly index: number;
  readonly at: CaptureLocation;
  readonly queue = new PacketQueue();
  /** The time of the next packet if there is one, otherwise of the last one. */
  seconds = NEVER.seconds;
  nanoseconds = NEVER.nanoseconds;
  hasPacket = false;
  /** No older packets will follow, as far as is known. */
  watermark: Moment = NEVER;
  /** It reported a time that has not been processed yet. */
  hasReported = false;
  /** The time of its last report, by the host's clock. */
  lastActivity: number;
  /** It reports only times older than what has been written: see MergeHold. */
  isBehind = false;
  /** Its interfaces in the output, in the order of those of its current file, `numbered`. */
  interfaces: NumberedInterface[] = [];
  numberedCursor: PacketCursor | undefined;
  /** The same by description, because each file of a ring describes them again. */
  readonly interfacesByKey = new Map<string, NumberedInterface>();
  failure: unknown;
  packets = 0;
  latePackets = 0;
  readonly #host: MergeHost;
  readonly #pendingWrites: PendingWrite[] = [];
  #ending = false;

  constructor(index: number, at: CaptureLocation, host: MergeHost) {
    this.index = index;
    this.at = at;
    this.#host = host;
    this.lastActivity = host.now();
  }

  /** True while a write waits for room. */
  get isPaused(): boolean {
    return this.#pendingWrites.length > 0;
  }

  async write(chunk: Buffer): Promise<void> {
    if (this.failure !== undefined) throw this.failure;
    this.#add({ kind: 'bytes', chunk, arrivedAt: this.#host.now() });
    if (this.#hasRoom) return;
    await new Promise<void>((resolve, reject) => this.#pendingWrites.push({ resolve, reject }));
  }

  nextFile(): void {
    this.#add({ kind: 'file-end' });
  }

  gap(text: string, packets?: number): void {
    this.#add({ kind: 'gap', text, packets });
  }

  progress(moment: Moment): void {
    if (isBefore(this.watermark, moment)) this.watermark = moment;
    this.hasReported = true;
    this.#recordActivity();
  }

  end(end: SourceEnd = {}): void {
    this.#add({ kind: 'end', end });
    this.#ending = true;
  }

  /** Advances to the next packet that has arrived; false if there is none yet, or none left. */
  advance(): boolean {
    try {
      this.hasPacket = this.queue.advance();
    } catch (error) {
      this.queue.comments.push(`the rest could not be read: ${messageOf(error)}`);
      this.fail(error);
      this.hasPacket = this.queue.advance();
    }
    const { cursor } = this.queue;
    if (this.hasPacket && cursor) {
      this.seconds = cursor.seconds;
      this.nanoseconds = cursor.nanoseconds;
    } else if (isBefore(this.watermark, this))
      this.watermark = { seconds: this.seconds, nanoseconds: this.nanoseconds };
    return this.hasPacket;
  }

  /** Resumes a write that waited for room. */
  releaseWrites(): void {
    if (!this.#hasRoom) return;
    for (const { resolve } of this.#pendingWrites.splice(0)) resolve();
  }

  /** Discards what has arrived and was not written. Writes fail from now on. */
  fail(error: unknown): void {
    this.failure = error;
    this.queue.discard();
    for (const { reject } of this.#pendingWrites.splice(0)) reject(error);
  }

  /** A packet that has arrived in part is always completed, whatever its size. */
  get #hasRoom(): boolean {
    if (this.queue.bytes < this.#host.bufferBytes()) return true;
    return !this.hasPacket && this.queue.needsMore;
  }

  #add(item: StreamItem): void {
    if (this.#ending) return;
    this.queue.add(item);
    this.#recordActivity();
  }

  #recordActivity(): void {
    this.lastActivity = this.#host.now();
    this.#host.onChange(this);
  }
}
