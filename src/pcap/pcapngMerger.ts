import { NotWritten, type Output } from '../output/output.ts';
import { wholeBlocksWithin } from './blockBatch.ts';
import { type FileLimits, MergedFile } from './mergedFile.ts';
import { MergeHold } from './mergeHold.ts';
import { type MergeHost, MergeSource, type Source } from './mergeSource.ts';
import type { SectionDescription } from './pcapngBlocks.ts';
import type { RecordedAt } from './podInterface.ts';
import { SourceHeap } from './sourceHeap.ts';

/** Longer than recorder, cluster and network delay a packet when all is well. */
const MAX_DELAY_MS = 2_000;
/** What all sources together may have waiting, and what each may, however many they are. */
const ROOM_BYTES = 16 * 1024 * 1024;
const LEAST_ROOM_BYTES = 64 * 1024;

export interface MergeOptions extends FileLimits {
  readonly section: SectionDescription;
  /**
   * Milliseconds that a packet waits at most for older ones of sources that say nothing; those that
   * come later are counted as late. Infinity for files, which need no hurry. 2 s without it.
   */
  readonly maxDelay?: number;
  /** Called once, when a packet found no room within the limits; what comes then is thrown away. */
  readonly onFull?: () => void;
  /** Gives the merge up: writes and finish() reject with its reason. */
  readonly signal?: AbortSignal;
}

/**
 * Merges the packets of several recorders, while they come, into one pcapng file in the order of
 * their times; each pod and device is an interface of its own. The packets of one recorder are never
 * put in another order than its own. How long they wait for each other: see MergeHold.
 *
 * Memory is bounded: who ran ahead of the others is paused, and all are while the output is busy.
 * The output gets whole blocks only, the first of them with the first bytes of a source; closing it
 * is left to its owner.
 */
export class PcapngMerger {
  readonly #output: Output;
  readonly #options: MergeOptions;
  readonly #file: MergedFile;
  readonly #hold: MergeHold;
  readonly #host: MergeHost;
  readonly #sources = new Set<MergeSource>();
  /** Those that have a packet. */
  readonly #heap = new SourceHeap<MergeSource>();
  /** Those of which something came since they were looked at. */
  readonly #news = new Set<MergeSource>();
  readonly #settled = new AbortController();
  #added = 0;
  #bytes = 0;
  #full = false;
  #pumping = false;
  /** Milliseconds that the output was waited for, and since when it is. */
  #stalled = 0;
  #stalledSince: number | undefined;
  #timer: NodeJS.Timeout | undefined;
  #failure: { readonly error: unknown } | undefined;
  #onIdle: (() => void) | undefined;

  constructor(output: Output, options: MergeOptions) {
    this.#output = output;
    this.#options = options;
    this.#file = new MergedFile(options.section, options);
    this.#hold = new MergeHold(options.maxDelay ?? MAX_DELAY_MS);
    this.#host = {
      now: () => this.#now(),
      room: () => Math.max(LEAST_ROOM_BYTES, ROOM_BYTES / this.#sources.size),
      changed: (source) => {
        this.#news.add(source);
        this.#wake();
      },
    };
    const { signal } = options;
    if (signal?.aborted) this.#fail(signal.reason);
    signal?.addEventListener('abort', () => this.#fail(signal.reason), {
      signal: this.#settled.signal,
    });
  }

  /** Packets on their way to the output, or in it. */
  get packets(): number {
    return this.#file.packets;
  }

  /** Packets that stand after newer ones. */
  get late(): number {
    return this.#file.late;
  }

  /** Bytes that the output took. */
  get bytes(): number {
    return this.#bytes;
  }

  /**
   * Adds a recorder, at any time. The others wait for it from now on, `maxDelay` at most: it is to be
   * added when it listens.
   */
  addSource(at: RecordedAt): Source {
    const source = new MergeSource(this.#added, at, this.#host);
    this.#added += 1;
    if (this.#failure) source.fail(this.#failure.error);
    else this.#sources.add(source);
    return source;
  }

  /**
   * Ends the sources that have not ended, and resolves when everything is written. Rejects with what
   * became of the output (its Problem, OutputClosed), or with the reason of the signal.
   */
  async finish(): Promise<void> {
    for (const source of this.#sources) source.end();
    while (!this.#failure && (this.#sources.size > 0 || this.#pumping))
      await new Promise<void>((resolve) => {
        this.#onIdle = resolve;
      });
    this.#settled.abort();
    if (this.#failure) throw this.#failure.error;
  }

  #wake(): void {
    if (this.#pumping || this.#failure) return;
    this.#pumping = true;
    clearTimeout(this.#timer);
    queueMicrotask(() => void this.#pump());
  }

  /** Writes what may go out, until nothing may. */
  async #pump(): Promise<void> {
    try {
      while (!this.#failure) {
        this.#collect();
        const isDone = this.#file.batch.length === 0;
        if (!isDone) await this.#writeBatch();
        for (const source of this.#sources) source.releaseWrites();
        if (isDone) break;
      }
    } catch (error) {
      this.#fail(error);
    }
    this.#pumping = false;
    this.#startTimer();
    this.#onIdle?.();
  }

  /** Fills the batch with what may go out now. */
  #collect(): void {
    const now = this.#now();
    const { newest } = this.#file;
    for (const source of this.#news) {
      if (source.hasReported) this.#hold.heard(source, source.watermark, newest);
      source.hasReported = false;
      if (source.hasPacket || !this.#sources.has(source)) continue;
      if (this.#advance(source)) this.#heap.add(source);
    }
    this.#news.clear();
    this.#hold.update(this.#sources, now);
    for (let source = this.#heap.first; source; source = this.#heap.first) {
      if (!this.#full) {
        if (this.#hold.holds(source) && !this.#hold.letGo(this.#heap.all, now)) return;
        const outcome = this.#file.addPacket(source);
        if (outcome === 'later') return;
        if (outcome === 'never') this.#becomeFull();
        this.#hold.heard(source, source, newest);
      }
      if (this.#advance(source)) this.#heap.firstChanged();
      else {
        this.#heap.removeFirst();
        this.#hold.update(this.#sources, now);
      }
    }
  }

  #advance(source: MergeSource): boolean {
    const hasPacket = source.advance();
    this.#file.describe(source);
    if (source.queue.ended) {
      this.#sources.delete(source);
      this.#file.close(source);
      source.releaseWrites();
    }
    return hasPacket;
  }

  #becomeFull(): void {
    this.#full = true;
    this.#options.onFull?.();
  }

  /** Looks again when a packet that is held back has waited long enough. */
  #startTimer(): void {
    const delay = this.#hold.nextDeadline(this.#heap.all, this.#now());
    if (delay === undefined || this.#failure) return;
    this.#timer = setTimeout(() => this.#wake(), delay);
  }

  async #writeBatch(): Promise<void> {
    const { bytes } = this.#file.batch;
    this.#stalledSince = performance.now();
    try {
      await this.#output.write(bytes);
      this.#bytes += bytes.length;
    } catch (error) {
      if (!(error instanceof NotWritten)) throw error;
      const kept = wholeBlocksWithin(bytes, error.written);
      this.#bytes += kept;
      await this.#output.takeBack?.(error.written - kept);
      throw error.problem;
    }
    this.#stalled += performance.now() - this.#stalledSince;
    this.#stalledSince = undefined;
    this.#file.clear();
  }

  #fail(error: unknown): void {
    if (this.#failure) return;
    this.#failure = { error };
    clearTimeout(this.#timer);
    for (const source of this.#sources) source.fail(error);
    this.#onIdle?.();
  }

  /** Stands still while the output is waited for: who is paused then cannot speak. */
  #now(): number {
    return (this.#stalledSince ?? performance.now()) - this.#stalled;
  }
}
