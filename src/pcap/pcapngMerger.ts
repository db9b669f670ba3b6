import { type Output, WriteFailure } from '../output/output.ts';
import { completeBlocksWithin } from './blockBatch.ts';
import { type FileLimits, MergedFile } from './mergedFile.ts';
import { MergeHold } from './mergeHold.ts';
import { type MergeHost, MergeSource, type Source } from './mergeSource.ts';
import type { SectionDescription } from './pcapngBlocks.ts';
import type { CaptureLocation } from './podInterface.ts';
import { SourceHeap } from './sourceHeap.ts';

/** Longer than the delay by recorder, cluster and network under normal conditions. */
const MAX_DELAY_MS = 2_000;
/** The buffer space for all sources together, and the minimum for each. */
const TOTAL_BUFFER_BYTES = 16 * 1024 * 1024;
const MIN_SOURCE_BUFFER_BYTES = 64 * 1024;

export interface MergeOptions extends FileLimits {
  readonly section: SectionDescription;
  /**
   * The maximum time in milliseconds that a packet waits for older ones from silent sources. Packets that arrive later
   * are counted as late. Use Infinity for files, which are not read live. The default is 2 s.
   */
  readonly maxDelay?: number;
  /** Called once, when a packet would exceed the limits. Packets are discarded from then on. */
  readonly onFull?: () => void;
  /** Aborts the merge: writes and finish() reject with its reason. */
  readonly signal?: AbortSignal;
}

/**
 * Merges the packets of several recorders, as they arrive, into one pcapng file in the order of their times. Each pod
 * and device is an interface of its own. The packets of one recorder always keep their order. See MergeHold for how
 * long they wait for each other.
 *
 * Memory is bounded: a source that is ahead of the others is paused, and all are paused while the output is busy. The
 * output receives only whole blocks, beginning with the first bytes of a source. Its owner closes it.
 */
export class PcapngMerger {
  readonly #output: Output;
  readonly #options: MergeOptions;
  readonly #file: MergedFile;
  readonly #hold: MergeHold;
  readonly #host: MergeHost;
  readonly #sources = new Set<MergeSource>();
  /** The sources that have a packet. */
  readonly #heap = new SourceHeap<MergeSource>();
  /** The sources that received something since they were last processed. */
  readonly #changedSources = new Set<MergeSource>();
  readonly #settled = new AbortController();
  #sourceCount = 0;
  #bytes = 0;
  #isFull = false;
  #isPumping = false;
  /** The total time spent waiting for the output in milliseconds, and the start of the current wait. */
  #stalledMs = 0;
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
      bufferBytes: () => Math.max(MIN_SOURCE_BUFFER_BYTES, TOTAL_BUFFER_BYTES / this.#sources.size),
      onChange: (source) => {
        this.#changedSources.add(source);
        this.#wake();
      },
    };
    const { signal } = options;
    if (signal?.aborted) this.#fail(signal.reason);
    signal?.addEventListener('abort', () => this.#fail(signal.reason), {
      signal: this.#settled.signal,
    });
  }

  /** Packets written, or about to be. */
  get packets(): number {
    return this.#file.packets;
  }

  /** Packets written after newer ones. */
  get latePackets(): number {
    return this.#file.latePackets;
  }

  /** Bytes written to the output. */
  get bytes(): number {
    return this.#bytes;
  }

  /**
   * Adds a recorder, at any time. The other sources wait for it from now on, at most `maxDelay`, so add it once it is
   * recording.
   */
  addSource(at: CaptureLocation): Source {
    const source = new MergeSource(this.#sourceCount, at, this.#host);
    this.#sourceCount += 1;
    if (this.#failure) source.fail(this.#failure.error);
    else this.#sources.add(source);
    return source;
  }

  /**
   * Ends the remaining sources, and resolves when everything is written. Rejects with the error of the output (a
   * Problem, OutputClosed), or with the reason of the signal.
   */
  async finish(): Promise<void> {
    for (const source of this.#sources) source.end();
    while (!this.#failure && (this.#sources.size > 0 || this.#isPumping))
      await new Promise<void>((resolve) => {
        this.#onIdle = resolve;
      });
    this.#settled.abort();
    if (this.#failure) throw this.#failure.error;
  }

  #wake(): void {
    if (this.#isPumping || this.#failure) return;
    this.#isPumping = true;
    clearTimeout(this.#timer);
    queueMicrotask(() => void this.#pump());
  }

  /** Writes packets as long as some may be written. */
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
    this.#isPumping = false;
    this.#startTimer();
    this.#onIdle?.();
  }

  /** Fills the batch with the packets that may be written now. */
  #collect(): void {
    const now = this.#now();
    const { newest } = this.#file;
    for (const source of this.#changedSources) {
      if (source.hasReported) this.#hold.updateDelay(source, source.watermark, newest);
      source.hasReported = false;
      if (source.hasPacket || !this.#sources.has(source)) continue;
      if (this.#advance(source)) this.#heap.add(source);
    }
    this.#changedSources.clear();
    this.#hold.update(this.#sources, now);
    for (let source = this.#heap.first; source; source = this.#heap.first) {
      if (!this.#isFull) {
        if (this.#hold.holds(source) && !this.#hold.releaseOverdue(this.#heap.all, now)) return;
        const outcome = this.#file.addPacket(source);
        if (outcome === 'later') return;
        if (outcome === 'never') this.#markFull();
        this.#hold.updateDelay(source, source, newest);
      }
      if (this.#advance(source)) this.#heap.siftFirstDown();
      else {
        this.#heap.removeFirst();
        this.#hold.update(this.#sources, now);
      }
    }
  }

  #advance(source: MergeSource): boolean {
    const hasPacket = source.advance();
    this.#file.describe(source);
    if (source.queue.sourceEnd) {
      this.#sources.delete(source);
      this.#file.close(source);
      source.releaseWrites();
    }
    return hasPacket;
  }

  #markFull(): void {
    this.#isFull = true;
    this.#options.onFull?.();
  }

  /** Wakes up when a packet has waited long enough. */
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
      if (!(error instanceof WriteFailure)) throw error;
      const completeBytes = completeBlocksWithin(bytes, error.written);
      this.#bytes += completeBytes;
      await this.#output.truncateEnd?.(error.written - completeBytes);
      throw error.problem;
    }
    this.#stalledMs += performance.now() - this.#stalledSince;
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

  /** The clock stops while the output is busy, because paused sources cannot report anything then. */
  #now(): number {
    return (this.#stalledSince ?? performance.now()) - this.#stalledMs;
  }
}
