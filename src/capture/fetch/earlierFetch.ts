import { existsSync } from 'node:fs';
import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { localProblem } from '../../transfer/localProblem.ts';
import { alreadyExists } from '../../transfer/placeFile.ts';
import { checksumOf, type FetchRun, keepPartial } from './fetchRun.ts';
import { FileCopy } from './fileCopy.ts';
import { atStage, type LocalFile, localFiles } from './fileNames.ts';
import { isVerified, lostEntry, wholeEntry } from './finishCopy.ts';

/** What an earlier fetch of the same capture left in the folder. */
export class EarlierFetch {
  readonly #folder: string;
  readonly #capture: string;
  /** Whether the folder's manifest says that its files belong to this capture. */
  readonly #isSameCapture: boolean;
  readonly #locals: readonly LocalFile[];

  private constructor(
    folder: string,
    capture: string,
    isSameCapture: boolean,
    locals: readonly LocalFile[],
  ) {
    this.#folder = folder;
    this.#capture = capture;
    this.#isSameCapture = isSameCapture;
    this.#locals = locals;
  }

  static async open(
    folder: string,
    capture: string,
    isSameCapture: boolean,
  ): Promise<EarlierFetch> {
    try {
      const locals = localFiles(capture, await readdir(folder));
      const duplicates = isSameCapture ? findDuplicates(locals) : [];
      for (const { name } of duplicates) await rm(join(folder, name));
      const remaining = locals.filter((local) => !duplicates.includes(local));
      return new EarlierFetch(folder, capture, isSameCapture, remaining);
    } catch (error) {
      throw localProblem(folder, error);
    }
  }

  /**
   * Whether a file is already copied. Otherwise `copy` resumes where the earlier fetch ended. If another file has the
   * same name, throws a Problem, or deletes that file with `force`.
   */
  async isCopied(run: FetchRun, copy: FileCopy): Promise<boolean> {
    const copies = this.#locals.filter(({ seq }) => seq === copy.source.seq);
    const whole = copies.find(({ stage }) => stage === 'whole');
    if (whole && (await this.#isWhole(run, copy, whole))) return true;
    const [started, ...others] = whole ? [] : copies.toSorted(byPartFirst);
    if (started && this.#isSameCapture) {
      if (!copy.source.closed && (await this.#size(started)) >= copy.source.size) return true;
      await copy.resume(started, run.checksums !== undefined);
    }
    const conflicting = started && this.#isSameCapture ? others : copies;
    for (const { name } of conflicting) {
      const path = join(this.#folder, name);
      // Only files that an earlier fetch of this capture left may be deleted.
      const isOwn = this.#isSameCapture && name !== whole?.name;
      if (!run.force && !isOwn && existsSync(path)) throw alreadyExists(path);
      await rm(path, { force: true });
    }
    return false;
  }

  /** Keeps the local part of files that the ring has removed since. */
  async keepLocalParts(
    run: Pick<FetchRun, 'manifest' | 'force'>,
    inPod: ReadonlySet<number>,
    why: string,
  ): Promise<void> {
    if (!this.#isSameCapture) return;
    const parts = this.#locals.filter(({ seq, stage }) => stage === 'part' && !inPod.has(seq));
    for (const part of parts) await this.#keep(run, part, why);
    for (const { seq, state, recorded = 0 } of run.manifest.files)
      if (state === 'copying' && !inPod.has(seq))
        run.manifest.set(lostEntry({ seq, size: recorded }, why));
  }

  async #keep(
    run: Pick<FetchRun, 'manifest' | 'force'>,
    local: LocalFile,
    why: string,
  ): Promise<void> {
    const { seq } = local;
    const size = Math.max(run.manifest.get(seq)?.recorded ?? 0, await this.#size(local));
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
    const summary = await examined.examine(local);
    if (summary.walk.bytes !== source.size) return false;
    const entry = run.manifest.get(source.seq);
    const isOwn = entry?.state === 'whole' && entry.sha256 === summary.sha256;
    if (isOwn && (entry.verified === 'sha256' || !run.checksums)) return true;
    const checksum = await checksumOf(run, copy);
    if (!('sha256' in checksum)) {
      if (isOwn) return true;
      if (!this.#isSameCapture) return false;
    }
    if (isVerified(summary, checksum)) {
      run.manifest.set(wholeEntry(examined, local.name, summary, checksum));
      return true;
    }
    // A bad copy that was not verified. It belongs to this capture, so it is copied again.
    if (isOwn) await examined.discard();
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
function findDuplicates(locals: readonly LocalFile[]): LocalFile[] {
  const names = new Set(locals.map(({ name }) => name));
  return locals.filter(
    (local) =>
      (local.stage === 'part' && names.has(atStage(local, 'whole'))) ||
      (local.stage === 'partial' && names.has(atStage(local, 'part'))),
  );
}

function byPartFirst(a: LocalFile, b: LocalFile): number {
  return Number(b.stage === 'part') - Number(a.stage === 'part');
}
