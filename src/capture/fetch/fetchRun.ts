import type { Checksum, Checksums } from './checksums.ts';
import type { FileCopy } from './fileCopy.ts';
import {
  isConfirmed,
  isProven,
  lostEntry,
  partialEntry,
  type WrongFile,
  wholeEntry,
  wrongFile,
} from './finishCopy.ts';
import type { ManifestBook } from './manifestBook.ts';
import type { PackingChoice } from './packingChoice.ts';
import type { SpoolAccess } from './spoolAccess.ts';

/** What every worker of a fetch shares. */
export interface FetchRun {
  readonly access: SpoolAccess;
  readonly book: ManifestBook;
  /** Undefined where none are to be made in the pod. */
  readonly checksums: Checksums | undefined;
  readonly packing: PackingChoice;
  readonly force: boolean;
  readonly note: (text: string) => void;
  /** Counts bytes that arrived for a file; negative when they were discarded. */
  readonly came: (copy: FileCopy, bytes: number) => void;
  /** Tells how far the fetch is: after each batch, since bytes may come in tens of thousands of pieces a second. */
  readonly tellProgress: () => void;
  /** Bytes that are still to come. */
  readonly left: () => number;
  /** Files that went wrong while the others went on. */
  readonly failures: WrongFile[];
  /** Ends the other workers too: one has met what ends the whole fetch. */
  readonly stop: () => void;
}

/** Proves a whole copy and gives it its name; when it is wrong, has it fetched once more. */
export async function finishCopy(
  run: FetchRun,
  copy: FileCopy,
  fetchAgain: (copy: FileCopy) => Promise<boolean>,
): Promise<void> {
  const { source } = copy;
  let checksum = await checksumOf(run, copy);
  let proof = copy.proof;
  if (!isProven(proof, checksum)) {
    run.note(`file ${source.seq} was not copied correctly: it is fetched again`);
    const before = proof;
    await startAnew(run, copy);
    if (!(await fetchAgain(copy))) return;
    // What was wrong may have been the checksum.
    if ('sha256' in checksum && run.checksums) checksum = await run.checksums.again(source);
    proof = copy.proof;
    if (!isProven(proof, checksum) && !isConfirmed(proof, checksum, before)) {
      await startAnew(run, copy);
      throw wrongFile(copy, checksum);
    }
  }
  const name = await copy.place('whole', run.force);
  run.book.set(wholeEntry(copy, name, proof, checksum));
  await run.book.write();
}

export async function checksumOf(run: FetchRun, { source }: FileCopy): Promise<Checksum> {
  return run.checksums ? run.checksums.of(source) : {};
}

export async function startAnew(run: FetchRun, copy: FileCopy): Promise<void> {
  run.came(copy, -copy.size);
  await copy.discard();
}

/** Keeps the whole packets of a file whose rest is not to be had (now, or ever): says why. */
export async function keepPartial(
  run: Pick<FetchRun, 'book' | 'force'>,
  copy: FileCopy,
  why: string,
): Promise<void> {
  if (copy.proof.walk.packets > 0) {
    await copy.cutToWholePackets();
    const name = await copy.place('partial', run.force);
    run.book.set(partialEntry(copy, name, why));
  } else {
    await copy.discard();
    run.book.set(lostEntry(copy.source, why));
  }
  await run.book.write();
}
