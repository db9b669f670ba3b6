import { existsSync } from 'node:fs';
import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { localProblem } from '../../transfer/localProblem.ts';
import { existsAlready } from '../../transfer/placeFile.ts';
import { checksumOf, type FetchRun, keepPartial } from './fetchRun.ts';
import { FileCopy } from './fileCopy.ts';
import { atStage, type LocalFile, localFiles } from './fileNames.ts';
import { isProven, lostEntry, wholeEntry } from './finishCopy.ts';

/** What an earlier fetch of the same capture left in the folder. */
export class EarlierFetch {
  readonly #folder: string;
  readonly #capture: string;
  /** Whether the folder's manifest says that its files belong to this capture. */
  readonly #known: boolean;
  readonly #locals: readonly LocalFile[];

  private constructor(
    folder: string,
    capture: string,
    known: boolean,
    locals: readonly LocalFile[],
  ) {
    this.#folder = folder;
    this.#capture = capture;
    this.#known = known;
    this.#locals = locals;
  }

  static async in(folder: string, capture: string, known: boolean): Promise<EarlierFetch> {
    try {
      const locals = localFiles(capture, await readdir(folder));
      const doubles = known ? doubleNames(locals) : [];
      for (const { name } of doubles) await rm(join(folder, name));
      const left = locals.filter((local) => !doubles.includes(local));
      return new EarlierFetch(folder, capture, known, left);
    } catch (error) {
      throw localProblem(folder, error);
    }
  }

  /**
   * Whether a file is already copied. Otherwise `copy` resumes where the earlier fetch ended. If another file has the
   * same name, throws a Problem, or deletes that file with `force`.
   */
  async has(run: FetchRun, copy: FileCopy): Promise<boolean> {
    const mine = this.#locals.filter(({ seq }) => seq === copy.source.seq);
    const whole = mine.find(({ stage }) => stage === 'whole');
    if (whole && (await this.#isWhole(run, copy, whole))) return true;
    const [begun, ...others] = whole ? [] : mine.toSorted(partFirst);
    if (begun && this.#known) {
      if (!copy.source.closed && (await this.#size(begun)) >= copy.source.size) return true;
      await copy.resume(begun, run.checksums !== undefined);
    }
    const inTheWay = begun && this.#known ? others : mine;
    for (const { name } of inTheWay) {
      const path = join(this.#folder, name);
      // Only files that an earlier fetch of this capture left may be deleted.
      const ours = this.#known && name !== whole?.name;
      if (!run.force && !ours && existsSync(path)) throw existsAlready(path);
      await rm(path, { force: true });
    }
    return false;
  }

  /** Keeps the local part of files that the ring has removed since. */
  async keepWhatIsHere(
    run: Pick<FetchRun, 'book' | 'force'>,
    stillThere: ReadonlySet<number>,
    why: string,
  ): Promise<void> {
    if (!this.#known) return;
    const parts = this.#locals.filter(({ seq, stage }) => stage === 'part' && !stillThere.has(seq));
    for (const part of parts) await this.#keep(run, part, why);
    for (const { seq, state, recorded = 0 } of run.book.files)
      if (state === 'copying' && !stillThere.has(seq))
        run.book.set(lostEntry({ seq, size: recorded }, why));
  }

  async #keep(run: Pick<FetchRun, 'book' | 'force'>, local: LocalFile, why: string): Promise<void> {
    const { seq } = local;
    const size = Math.max(run.book.get(seq)?.recorded ?? 0, await this.#size(local));
    const source = { seq, size, closed: true, name: '' };
    const copy = new FileCopy(this.#folder, this.#capture, source);
    try {
      await copy.resume(local, true);
      await keepPartial(run, copy, why);
    } finally {
      await copy.close();
    }
  }

  async #isWhole(run: FetchRun, copy: FileCopy, local: LocalFile): Promise<boolean> {
    const { source } = copy;
    const examined = new FileCopy(this.#folder, this.#capture, source);
    const proof = await examined.examine(local);
    if (proof.walk.bytes !== source.size) return false;
    const entry = run.book.get(source.seq);
    const ours = entry?.state === 'whole' && entry.sha256 === proof.sha256;
    if (ours && (entry.verified === 'sha256' || !run.checksums)) return true;
    const checksum = await checksumOf(run, copy);
    if (!('sha256' in checksum)) {
      if (ours) return true;
      if (!this.#known) return false;
    }
    if (isProven(proof, checksum)) {
      run.book.set(wholeEntry(examined, local.name, proof, checksum));
      return true;
    }
    // A bad copy that was not verified. It belongs to this capture, so it is copied again.
    if (ours) await examined.discard();
    return false;
  }

  async #size({ name }: LocalFile): Promise<number> {
    try {
      return (await stat(join(this.#folder, name))).size;
    } catch (error) {
      throw localProblem(join(this.#folder, name), error);
    }
  }
}

/**
 * A fetch that was killed while it renamed a file leaves both names. The later name counts. A partial file has two
 * names only while it is being resumed.
 */
function doubleNames(locals: readonly LocalFile[]): LocalFile[] {
  const names = new Set(locals.map(({ name }) => name));
  return locals.filter(
    (local) =>
      (local.stage === 'part' && names.has(atStage(local, 'whole'))) ||
      (local.stage === 'partial' && names.has(atStage(local, 'part'))),
  );
}

function partFirst(a: LocalFile, b: LocalFile): number {
  return Number(b.stage === 'part') - Number(a.stage === 'part');
}
