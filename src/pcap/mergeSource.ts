import { messageOf } from '../problem.ts';
import { isBefore, type Moment, type Resolution } from './moment.ts';
import type { PacketCursor } from './packetCursor.ts';
import { PacketQueue, type SourceEnd, type StreamItem } from './packetQueue.ts';
import type { RecordedAt } from './podInterface.ts';

/** Where one recorder's packets go into a merge. */
export interface Source {
  /** Packets that went out. */
  readonly packets: number;
  /** Those of them that went out after newer ones: they had come too late. */
  readonly late: number;
  /**
   * Takes the next bytes of a pcap or pcapng stream, cut anywhere; they are kept, not copied.
   * Resolves when there is room for more. Rejects with NotPcap when the stream is damaged (the
   * others continue; this one must still be ended), or with what became of the output.
   */
  write(chunk: Buffer): Promise<void>;
  /** What comes next is a new file, with a header of its own. */
  nextFile(): void;
  /** Something is missing between what came and what comes next: told with the next packet. */
  gap(text: string, packets?: number): void;
  /** Nothing older than this comes any more: a silent source that says so holds nobody back. */
  progress(moment: Moment): void;
  end(end?: SourceEnd): void;
}

/** An interface in the output. */
export interface NumberedInterface {
  readonly id: number;
  readonly resolution: Resolution;
}

/** What a source tells its merger, and asks it. */
export interface MergeHost {
  /** Milliseconds of a clock that stands still while the output is waited for. */
  now(): number;
  /** Something came that may let packets go out. */
  changed(source: MergeSource): void;
  /** Bytes that each source may have waiting. */
  room(): number;
}

interface Waiting {
  resolve(): void;
  reject(error: unknown): void;
}

/** Before every packet. */
const NEVER: Moment = { seconds: -1, nanoseconds: 0 };

export class MergeSource implements Source {
  readonly index: number;
  readonly at: RecordedAt;
  readonly queue = new PacketQueue();
  /** The time of the next packet while there is one, and of the last one after. */
  seconds = NEVER.seconds;
  nanoseconds = NEVER.nanoseconds;
  hasPacket = false;
  /** Nothing older comes any more, as far as is known. */
  watermark: Moment = NEVER;
  /** It reported a time that nobody has looked at yet. */
  hasReported = false;
  /** When it said something for the last time, by the host's clock. */
  lastWord: number;
  /** It says nothing but what is older than what has gone out: see MergeHold. */
  isBehind = false;
  /** Its interfaces as the output knows them, in the order of `numbered`, its file. */
  interfaces: NumberedInterface[] = [];
  numbered: PacketCursor | undefined;
  /** The same by what is known of each: files of one ring describe it again and again. */
  readonly known = new Map<string, NumberedInterface>();
  failure: unknown;
  packets = 0;
  late = 0;
  readonly #host: MergeHost;
  readonly #waiting: Waiting[] = [];
  #ending = false;

  constructor(index: number, at: RecordedAt, host: MergeHost) {
    this.index = index;
    this.at = at;
    this.#host = host;
    this.lastWord = host.now();
  }

  /** True while a write waits for room. */
  get isPaused(): boolean {
    return this.#waiting.length > 0;
  }

  async write(chunk: Buffer): Promise<void> {
    if (this.failure !== undefined) throw this.failure;
    this.#add({ kind: 'bytes', chunk, arrived: this.#host.now() });
    if (this.#hasRoom) return;
    await new Promise<void>((resolve, reject) => this.#waiting.push({ resolve, reject }));
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
    this.#said();
  }

  end(end: SourceEnd = {}): void {
    this.#add({ kind: 'end', end });
    this.#ending = true;
  }

  /** Goes to the next packet that has come; false when there is none now, or none any more. */
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
    for (const { resolve } of this.#waiting.splice(0)) resolve();
  }

  /** What came and has not gone out is thrown away, and writes fail from now on. */
  fail(error: unknown): void {
    this.failure = error;
    this.queue.discard();
    for (const { reject } of this.#waiting.splice(0)) reject(error);
  }

  /** A packet of which only a part has come gets the rest, whatever its size. */
  get #hasRoom(): boolean {
    if (this.queue.bytes < this.#host.room()) return true;
    return !this.hasPacket && this.queue.needsMore;
  }

  #add(item: StreamItem): void {
    if (this.#ending) return;
    this.queue.add(item);
    this.#said();
  }

  #said(): void {
    this.lastWord = this.#host.now();
    this.#host.changed(this);
  }
}
