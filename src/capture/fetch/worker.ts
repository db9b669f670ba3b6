import type { Backoff } from '../../transfer/backoff.ts';
import type { CopyFrame, FileRange } from './copyFrames.ts';
import { type FetchRun, finishCopy, keepPartial, restartCopy } from './fetchRun.ts';
import type { FileCopy } from './fileCopy.ts';
import { WrongFile } from './finishCopy.ts';
import { DamagedStream, TruncatedStream } from './streamFailures.ts';
import type { WorkQueue } from './workQueue.ts';

/** Copied files that may wait for their checksums before copying pauses. */
const MAX_FINISHING = 16;

/** One stream of a fetch: copies files until the queue is empty. */
export class Worker {
  readonly #run: FetchRun;
  readonly #queue: WorkQueue;
  readonly #backoff: Backoff;
  readonly #finishing = new Set<Promise<void>>();
  /** How often a file was shorter than listed. */
  readonly #shortCounts = new Map<FileCopy, number>();
  #failure: { readonly error: unknown } | undefined;

  constructor(run: FetchRun, queue: WorkQueue) {
    this.#run = run;
    this.#queue = queue;
    this.#backoff = run.access.newBackoff();
  }

  /** Throws only errors that end the whole fetch, not for a single wrong or lost file. */
  async work(): Promise<void> {
    const queue = this.#queue;
    try {
      const next = () => queue.next(this.#run.compression.current !== undefined);
      for (let files = next(); files.length > 0; files = next())
        queue.putBack(await this.#copy(files));
    } finally {
      await Promise.all(this.#finishing);
    }
    if (this.#failure) throw this.#failure.error;
  }

  /** Copies the rest of some files in one stream. Returns the files that must be requested again. */
  async #copy(files: readonly FileCopy[]): Promise<FileCopy[]> {
    const { access, compression } = this.#run;
    const { current } = compression;
    const remaining = new Map(files.map((copy) => [copy.source.seq, copy]));
    // With compression, a checksum at the end of the stream verifies all of it.
    const complete: FileCopy[] = [];
    try {
      for await (const frames of access.copy(files.map(remainingRange), current)) {
        let bytes = 0;
        for (const frame of frames) {
          const { seq } = frame.range;
          const copy = remaining.get(seq) as FileCopy;
          if (frame.kind === 'data') {
            bytes += frame.bytes.length;
            const pending = this.#append(copy, frame.bytes);
            if (pending) await pending;
          } else if (frame.kind === 'whole' && current !== undefined) complete.push(copy);
          else if (await this.#handleEnd(copy, frame.kind)) remaining.delete(seq);
        }
        this.#backoff.progress();
        this.#run.reportProgress();
        compression.addBytes(bytes, this.#run.bytesLeft());
        if (compression.current !== current) throw new CompressionChanged();
      }
    } catch (error) {
      if (error instanceof DamagedStream)
        for (const copy of remaining.values()) await restartCopy(this.#run, copy);
      // After the last file, only the exit status can be missing.
      const isComplete = error instanceof TruncatedStream && remaining.size === 0;
      if (!(error instanceof CompressionChanged || isComplete))
        await access.waitBeforeRetry(error, this.#backoff);
      return [...remaining.values()];
    }
    for (const copy of complete)
      if (await this.#handleEnd(copy, 'whole')) remaining.delete(copy.source.seq);
    return [...remaining.values()];
  }

  /** Accepts the next bytes of a file; see PartFile.append. */
  #append(copy: FileCopy, chunk: Buffer): Promise<void> | undefined {
    const pending = copy.append(chunk);
    this.#run.addBytes(copy, chunk.length);
    return pending;
  }

  /** Handles the end of a file's data. Returns false if the file must be requested again. */
  async #handleEnd(copy: FileCopy, end: Exclude<CopyFrame['kind'], 'data'>): Promise<boolean> {
    if (end === 'whole') await this.#handleWhole(copy);
    else if (end === 'gone') await this.#markLost(copy, REMOVED_REASON);
    else {
      const times = (this.#shortCounts.get(copy) ?? 0) + 1;
      this.#shortCounts.set(copy, times);
      if (times <= MAX_SHORT) return false;
      await this.#markLost(copy, SHORTER_REASON);
    }
    return true;
  }

  async #handleWhole(copy: FileCopy): Promise<void> {
    if (!copy.source.closed) {
      await keepPartial(this.#run, copy, 'it was still being recorded');
      return;
    }
    copy.startSync();
    await this.#finish(copy);
  }

  async #markLost(copy: FileCopy, why: string): Promise<void> {
    this.#run.note({
      kind: 'gap',
      text: `file ${copy.source.seq} cannot be copied completely: ${why}`,
    });
    this.#run.addBytes(copy, copy.source.size - copy.size);
    await keepPartial(this.#run, copy, why);
  }

  /** Verifies and names a copy while the next one arrives. */
  async #finish(copy: FileCopy): Promise<void> {
    const done = finishCopy(this.#run, copy, (again) => this.#copyAgain(again)).catch(
      (error: unknown) => {
        if (error instanceof WrongFile) this.#run.failures.push(error);
        else this.#failure ??= { error };
      },
    );
    this.#finishing.add(done);
    void done.then(() => this.#finishing.delete(done));
    if (this.#finishing.size > MAX_FINISHING) await Promise.race(this.#finishing);
    if (this.#failure) throw this.#failure.error;
  }

  /** Copies a single file again after it was wrong. Returns false if it is lost. */
  async #copyAgain(copy: FileCopy): Promise<boolean> {
    const { access } = this.#run;
    for (let isWhole: boolean | undefined; ; ) {
      try {
        for await (const frames of access.copy([remainingRange(copy)])) {
          this.#backoff.progress();
          this.#run.reportProgress();
          for (const frame of frames)
            if (frame.kind === 'data') await this.#append(copy, frame.bytes);
            else if (frame.kind === 'whole') isWhole = true;
            else if (await this.#handleEnd(copy, frame.kind)) isWhole = false;
        }
        if (isWhole !== undefined) return isWhole;
      } catch (error) {
        if (isWhole !== undefined) return isWhole;
        await access.waitBeforeRetry(error, this.#backoff);
      }
    }
  }
}

/** The rest must be requested with another compression. */
class CompressionChanged extends Error {}

/** The range of a file that has not arrived yet. */
function remainingRange({ source: { seq, size }, size: offset }: FileCopy): FileRange {
  return { seq, offset, length: size - offset };
}

/** After this many times, a file that is shorter than listed is believed to be shorter. */
const MAX_SHORT = 5;
const REMOVED_REASON = 'the ring removed it during the copy';
const SHORTER_REASON = 'it became shorter in the pod';
