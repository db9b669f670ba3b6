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

/** The state shared by all workers of a fetch. */
export interface FetchRun {
  readonly access: SpoolAccess;
  readonly book: ManifestBook;
  /** Undefined if the pod should not compute any. */
  readonly checksums: Checksums | undefined;
  readonly packing: PackingChoice;
  readonly force: boolean;
  readonly note: (text: string) => void;
  /** Counts bytes that arrived for a file; negative for discarded bytes. */
  readonly came: (copy: FileCopy, bytes: number) => void;
  /** Reports progress. Called after each batch, because bytes may arrive in tens of thousands of pieces a second. */
  readonly tellProgress: () => void;
  /** Bytes that have not arrived yet. */
  readonly left: () => number;
  /** Files that could not be copied correctly while the others continued. */
  readonly failures: WrongFile[];
  /** Stops the other workers too, after an error that ends the whole fetch. */
  readonly stop: () => void;
}

/** Verifies a whole copy and gives it its final name. If the copy is wrong, fetches it once more. */
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
    // The checksum itself may have been wrong.
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

/** Keeps the whole packets of a file whose rest is not available now or ever; `why` is the reason. */
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
