import type { Patience } from '../../transfer/patience.ts';
import type { CopyFrame, FilePart } from './copyFrames.ts';
import { type FetchRun, finishCopy, keepPartial, startAnew } from './fetchRun.ts';
import type { FileCopy } from './fileCopy.ts';
import { WrongFile } from './finishCopy.ts';
import { CutStream, DamagedStream } from './streamFailures.ts';
import type { WorkQueue } from './workQueue.ts';

/** Copied files that may wait for their checksums before copying pauses. */
const MAX_FINISHING = 16;

/** One stream of a fetch: copies files until the queue is empty. */
export class Worker {
  readonly #run: FetchRun;
  readonly #queue: WorkQueue;
  readonly #patience: Patience;
  readonly #finishing = new Set<Promise<void>>();
  /** How often a file was shorter than listed. */
  readonly #short = new Map<FileCopy, number>();
  #failure: { readonly error: unknown } | undefined;

  constructor(run: FetchRun, queue: WorkQueue) {
    this.#run = run;
    this.#queue = queue;
    this.#patience = run.access.patience();
  }

  /** Throws only errors that end the whole fetch, not for a single wrong or lost file. */
  async work(): Promise<void> {
    const queue = this.#queue;
    try {
      const next = () => queue.next(this.#run.packing.current !== undefined);
      for (let files = next(); files.length > 0; files = next())
        queue.giveBack(await this.#copy(files));
    } finally {
      await Promise.all(this.#finishing);
    }
    if (this.#failure) throw this.#failure.error;
  }

  /** Copies the rest of some files in one stream. Returns the files that must be requested again. */
  async #copy(files: readonly FileCopy[]): Promise<FileCopy[]> {
    const { access, packing } = this.#run;
    const { current } = packing;
    const left = new Map(files.map((copy) => [copy.source.seq, copy]));
    // With compression, a checksum at the end of the stream verifies all of it.
    const proven: FileCopy[] = [];
    try {
      for await (const frames of access.copy(files.map(restOf), current)) {
        let bytes = 0;
        for (const frame of frames) {
          const { seq } = frame.part;
          const copy = left.get(seq) as FileCopy;
          if (frame.kind === 'data') {
            bytes += frame.bytes.length;
            const kept = this.#take(copy, frame.bytes);
            if (kept) await kept;
          } else if (frame.kind === 'whole' && current !== undefined) proven.push(copy);
          else if (await this.#settle(copy, frame.kind)) left.delete(seq);
        }
        this.#patience.progress();
        this.#run.tellProgress();
        packing.came(bytes, this.#run.left());
        if (packing.current !== current) throw new OtherPacking();
      }
    } catch (error) {
      if (error instanceof DamagedStream)
        for (const copy of left.values()) await startAnew(this.#run, copy);
      // After the last file, only the exit status can be missing.
      const isAllHere = error instanceof CutStream && left.size === 0;
      if (!(error instanceof OtherPacking || isAllHere))
        await access.waitToGoOn(error, this.#patience);
      return [...left.values()];
    }
    for (const copy of proven) if (await this.#settle(copy, 'whole')) left.delete(copy.source.seq);
    return [...left.values()];
  }

  /** Accepts the next bytes of a file; see PartFile.append. */
  #take(copy: FileCopy, chunk: Buffer): Promise<void> | undefined {
    const kept = copy.append(chunk);
    this.#run.came(copy, chunk.length);
    return kept;
  }

  /** Handles the end of a file's data. Returns false if the file must be requested again. */
  async #settle(copy: FileCopy, how: Exclude<CopyFrame['kind'], 'data'>): Promise<boolean> {
    if (how === 'whole') await this.#whole(copy);
    else if (how === 'gone') await this.#lose(copy, GONE);
    else {
      const times = (this.#short.get(copy) ?? 0) + 1;
      this.#short.set(copy, times);
      if (times <= MAX_SHORT) return false;
      await this.#lose(copy, SHORTER);
    }
    return true;
  }

  async #whole(copy: FileCopy): Promise<void> {
    if (!copy.source.closed) {
      await keepPartial(this.#run, copy, 'it was still being recorded');
      return;
    }
    copy.settle();
    await this.#finish(copy);
  }

  async #lose(copy: FileCopy, why: string): Promise<void> {
    this.#run.note(`file ${copy.source.seq} cannot be copied completely: ${why}`);
    this.#run.came(copy, copy.source.size - copy.size);
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
        for await (const frames of access.copy([restOf(copy)])) {
          this.#patience.progress();
          this.#run.tellProgress();
          for (const frame of frames)
            if (frame.kind === 'data') await this.#take(copy, frame.bytes);
            else if (frame.kind === 'whole') isWhole = true;
            else if (await this.#settle(copy, frame.kind)) isWhole = false;
        }
        if (isWhole !== undefined) return isWhole;
      } catch (error) {
        if (isWhole !== undefined) return isWhole;
        await access.waitToGoOn(error, this.#patience);
      }
    }
  }
}

/** The rest must be requested with another compression. */
class OtherPacking extends Error {}

/** The part of a file that has not arrived yet. */
function restOf({ source: { seq, size }, size: offset }: FileCopy): FilePart {
  return { seq, offset, length: size - offset };
}

/** After this many times, a file that is shorter than listed is believed to be shorter. */
const MAX_SHORT = 5;
const GONE = 'the ring removed it during the copy';
const SHORTER = 'it became shorter in the pod';
