import type { Notice } from '../../notice.ts';
import type { Checksum, Checksums } from './checksums.ts';
import type { CompressionChoice } from './compressionChoice.ts';
import type { FileCopy } from './fileCopy.ts';
import {
  isConfirmed,
  isVerified,
  lostEntry,
  partialEntry,
  type WrongFile,
  wholeEntry,
  wrongFile,
} from './finishCopy.ts';
import type { ManifestStore } from './manifestStore.ts';
import type { SpoolAccess } from './spoolAccess.ts';

/** The state shared by all workers of a fetch. */
export interface FetchRun {
  readonly access: SpoolAccess;
  readonly manifest: ManifestStore;
  /** Undefined if the pod should not compute any. */
  readonly checksums: Checksums | undefined;
  readonly compression: CompressionChoice;
  readonly force: boolean;
  readonly note: (notice: Notice) => void;
  /** Counts bytes that arrived for a file; negative for discarded bytes. */
  readonly addBytes: (copy: FileCopy, bytes: number) => void;
  /** Reports progress. Called after each batch, because bytes may arrive in tens of thousands of pieces a second. */
  readonly reportProgress: () => void;
  /** Bytes that have not arrived yet. */
  readonly bytesLeft: () => number;
  /** Files that could not be copied correctly while the others continued. */
  readonly failures: WrongFile[];
  /** Stops the other workers too, after an error that ends the whole fetch. */
  readonly stop: () => void;
}

/** Verifies a whole copy and gives it its final name. If the copy is wrong, fetches it once more. */
export async function finishCopy(
  run: FetchRun,
  copy: FileCopy,
  refetch: (copy: FileCopy) => Promise<boolean>,
): Promise<void> {
  const { source } = copy;
  let checksum = await checksumOf(run, copy);
  let summary = copy.summary;
  if (!isVerified(summary, checksum)) {
    run.note({
      kind: 'copied-again',
      text: `file ${source.seq} was not copied correctly: it is fetched again`,
    });
    const firstSummary = summary;
    await restartCopy(run, copy);
    if (!(await refetch(copy))) return;
    // The checksum itself may have been wrong.
    if ('sha256' in checksum && run.checksums) checksum = await run.checksums.recompute(source);
    summary = copy.summary;
    if (!isVerified(summary, checksum) && !isConfirmed(summary, checksum, firstSummary)) {
      await restartCopy(run, copy);
      throw wrongFile(copy, checksum);
    }
  }
  const name = await copy.finish('whole', run.force);
  run.manifest.set(wholeEntry(copy, name, summary, checksum));
  await run.manifest.write();
}

export async function checksumOf(run: FetchRun, { source }: FileCopy): Promise<Checksum> {
  return run.checksums ? run.checksums.get(source) : {};
}

export async function restartCopy(run: FetchRun, copy: FileCopy): Promise<void> {
  run.addBytes(copy, -copy.size);
  await copy.discard();
}

/** Keeps the whole packets of a file whose rest is not available now or ever; `why` is the reason. */
export async function keepPartial(
  run: Pick<FetchRun, 'manifest' | 'force'>,
  copy: FileCopy,
  why: string,
): Promise<void> {
  if (copy.summary.walk.packets > 0) {
    await copy.cutToWholePackets();
    const name = await copy.finish('partial', run.force);
    run.manifest.set(partialEntry(copy, name, why));
  } else {
    await copy.discard();
    run.manifest.set(lostEntry(copy.source, why));
  }
  await run.manifest.write();
}
