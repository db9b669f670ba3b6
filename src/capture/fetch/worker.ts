import { Problem } from '../../problem.ts';
import type { Patience } from '../../transfer/patience.ts';
import { CutArchive, readTarFiles } from '../../transfer/tarFiles.ts';
import { type FetchRun, finishCopy, keepPartial, startAnew } from './fetchRun.ts';
import type { FileCopy } from './fileCopy.ts';
import { WrongFile } from './finishCopy.ts';
import { CutStream } from './spoolAccess.ts';
import { EXIT } from './spoolSource.ts';
import type { WorkQueue } from './workQueue.ts';

/** Copied files that may wait for their checksums before the copying waits for them. */
const MAX_FINISHING = 16;

/** One stream of a fetch: copies files until the queue is empty. */
export class Worker {
  readonly #run: FetchRun;
  readonly #queue: WorkQueue;
  readonly #patience: Patience;
  readonly #finishing = new Set<Promise<void>>();
  #failure: { readonly error: unknown } | undefined;

  constructor(run: FetchRun, queue: WorkQueue) {
    this.#run = run;
    this.#queue = queue;
    this.#patience = run.access.patience();
  }

  /** Throws what ends the whole fetch; a file that is wrong or lost does not. */
  async work(): Promise<void> {
    const queue = this.#queue;
    try {
      for (let files = queue.next(); files.length > 0; files = queue.next()) {
        const [only] = files;
        if (only && queue.isByRange(only)) await this.#copyOne(only);
        else await this.#copyByTar(files);
      }
    } finally {
      await Promise.all(this.#finishing);
    }
    if (this.#failure) throw this.#failure.error;
  }

  async #copyOne(copy: FileCopy): Promise<void> {
    if (!(await this.#copyByRange(copy))) return;
    if (!copy.source.closed) await keepPartial(this.#run, copy, 'it was still being recorded');
    else await this.#finish(copy);
  }

  /** Copies fresh files out of one archive; the queue gets back what it did not bring. */
  async #copyByTar(files: readonly FileCopy[]): Promise<void> {
    const { access, checksums } = this.#run;
    const byName = new Map(files.map((copy) => [copy.source.name, copy]));
    const copyOf = (name: string) => byName.get(name) as FileCopy;
    const whole = new Set<FileCopy>();
    let code: number | undefined;
    let failure: { readonly error: unknown } | undefined;
    try {
      const words = files.map(({ source }) => `seq=${source.seq}`);
      await access.run('tar', words, async ({ bytes, ended }) => {
        const wanted = new Map(files.map(({ source }) => [source.name, source.size]));
        try {
          await readTarFiles(bytes, wanted, {
            data: (name, chunk) => this.#take(copyOf(name), chunk),
            end: async (name) => {
              whole.add(copyOf(name));
              copyOf(name).settle();
              // Where a checksum proves the file, nothing else is waited for.
              if (checksums) await this.#finish(copyOf(name));
            },
          });
        } catch (error) {
          if (error instanceof CutArchive) code = await ended();
          throw error;
        }
        code = await ended();
      });
    } catch (error) {
      failure = { error };
    }
    const complained = code !== undefined && code !== 0;
    if (!checksums) {
      // Without a checksum the word of a tar that failed is not taken for its files, unless it says
      // that one was gone, and one is missing.
      const doubted = complained && (code !== EXIT.fileGone || whole.size === files.length);
      for (const copy of whole)
        if (doubted) await startAnew(this.#run, copy);
        else await this.#finish(copy);
      if (doubted) whole.clear();
    }
    this.#queue.giveBack(files.filter((copy) => !whole.has(copy)));
    // The error is clearer for a single file; and some images have no tar.
    const broughtNothing = code === 0 && files.every(({ size }) => size === 0) && whole.size === 0;
    if (complained || broughtNothing) this.#queue.single = true;
    if (failure) await access.waitToGoOn(failure.error, this.#patience);
  }

  /** Copies the rest of one file; false when it is gone from the pod. */
  async #copyByRange(copy: FileCopy): Promise<boolean> {
    const { access } = this.#run;
    const { seq, size } = copy.source;
    let unsteady = 0;
    while (copy.size < size) {
      try {
        const words = [`seq=${seq}`, `offset=${copy.size}`, `length=${size - copy.size}`];
        const { code, said } = await access.run('read', words, async (running) => {
          for await (const chunk of running.bytes) {
            if (copy.size + chunk.length > size)
              throw new Problem(`the pod sent more of file ${seq} than it was asked for`);
            await this.#take(copy, chunk);
          }
          const code = await running.ended();
          return { code, said: code ? await running.complaint() : '' };
        });
        if (copy.size === size) break;
        if (code === EXIT.unsteady) unsteady += 1;
        if (code === EXIT.fileGone || unsteady > MAX_UNSTEADY) {
          await this.#lose(copy, code === EXIT.fileGone ? GONE : SHORTER);
          return false;
        }
        throw new CutStream(`file ${seq} was cut off at byte ${copy.size}${said && `: ${said}`}`);
      } catch (error) {
        await access.waitToGoOn(error, this.#patience);
      }
    }
    return true;
  }

  async #take(copy: FileCopy, chunk: Buffer): Promise<void> {
    this.#patience.progress();
    await copy.append(chunk);
    this.#run.came(copy, chunk.length);
  }

  async #lose(copy: FileCopy, why: string): Promise<void> {
    this.#run.note(`file ${copy.source.seq} cannot be copied whole: ${why}`);
    this.#run.came(copy, copy.source.size - copy.size);
    await keepPartial(this.#run, copy, why);
  }

  /** Proves and names a copy while the next one comes in. */
  async #finish(copy: FileCopy): Promise<void> {
    const done = finishCopy(this.#run, copy, (again) => this.#copyByRange(again)).catch(
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
}

/** How often a file may be shorter than it was listed before that is believed. */
const MAX_UNSTEADY = 5;
const GONE = 'the ring removed it while it was copied';
const SHORTER = 'it is shorter in the pod than it was';
