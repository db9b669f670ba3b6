import type { Notice } from '../../notice.ts';
import { lockFolder } from '../../transfer/folderLock.ts';
import type { CaptureOrigin, Manifest, Verification } from '../manifest.ts';
import { Checksums } from './checksums.ts';
import { COMPRESSIONS, type Compression } from './compression.ts';
import { CompressionChoice } from './compressionChoice.ts';
import { EarlierFetch } from './earlierFetch.ts';
import { type FetchRun, keepPartial } from './fetchRun.ts';
import { FileCopy } from './fileCopy.ts';
import { checkCaptureFileName } from './fileNames.ts';
import { copyingEntry } from './finishCopy.ts';
import { ManifestStore } from './manifestStore.ts';
import { FETCH_LIMITS, type FetchLimits, SpoolAccess } from './spoolAccess.ts';
import { SpoolGone, type SpoolSource } from './spoolSource.ts';
import { Worker } from './worker.ts';
import { WorkQueue } from './workQueue.ts';

/** The progress of a fetch. */
export interface FetchProgress {
  /** Of the files of this fetch; data from an earlier fetch counts as done. */
  readonly bytes: number;
  readonly totalBytes: number;
  /** The number of the file that last received data; 0 if none has. */
  readonly seq: number;
  /** The compression that the pod uses now. */
  readonly compression?: Compression;
}

export interface FetchOptions {
  /** Created (0700) if it does not exist. */
  readonly folder: string;
  /** The capture's name in it becomes part of the file names. */
  readonly origin: CaptureOrigin;
  /** How to verify copies. For `sha256` the pod reads every file once more. */
  readonly verify: Verification;
  /** The number of parallel streams; one if the pod's CPU is limited. */
  readonly streams: number;
  /** Whether the pod has CPU to spare for compressing data on a slow connection. */
  readonly allowCompression: boolean;
  /** Whether to fetch the existing part of the file that is being recorded. */
  readonly flush?: boolean;
  /** Whether to overwrite other files of the same names and another capture's manifest. */
  readonly force?: boolean;
  /** Ends the fetch; copied data is kept, and the next fetch resumes there. */
  readonly signal: AbortSignal;
  readonly onProgress?: (progress: FetchProgress) => void;
  /** Called with notices for the user during the fetch. */
  readonly onNote?: (notice: Notice) => void;
  readonly limits?: Partial<FetchLimits>;
}

/**
 * Copies a capture's recorded files into a folder, verifies them and writes capture.json. Resumes an earlier fetch into
 * the same folder. Returns the manifest, which also lists partial and lost files. Throws a Problem if files that are
 * still in the pod could not be copied, and SpoolGone if the capture no longer exists. Complete files are kept in
 * either case.
 */
export async function fetchSpool(source: SpoolSource, options: FetchOptions): Promise<Manifest> {
  checkCaptureFileName(options.origin.capture);
  const unlock = await lockFolder(options.folder);
  const stopping = new AbortController();
  const access = new SpoolAccess(
    source,
    { ...FETCH_LIMITS, ...options.limits },
    AbortSignal.any([options.signal, stopping.signal]),
  );
  try {
    return await fetchListed(access, options, () => stopping.abort());
  } finally {
    // Ends checksums that are no longer needed.
    stopping.abort();
    await unlock();
  }
}

async function fetchListed(
  access: SpoolAccess,
  options: FetchOptions,
  stop: () => void,
): Promise<Manifest> {
  const { folder, origin, verify, flush = false, force = false, onNote } = options;
  const listing = await list(access, options);
  const { manifest, isSameCapture } = await ManifestStore.open(folder, origin, listing, force);
  const files = listing.files
    .filter(({ closed }) => flush || closed)
    .map((file) => ({ ...file, modified: file.modified ?? listing.state.started }));
  const copies = files.map((file) => new FileCopy(folder, origin.capture, file));
  const progress = {
    bytes: 0,
    totalBytes: files.reduce((sum, { size }) => sum + size, 0),
    seq: 0,
  };
  const note = (notice: Notice) => onNote?.(notice);
  const available = COMPRESSIONS.find(
    (program) => options.allowCompression && listing.tools.has(program),
  );
  const compression = new CompressionChoice(available, note);
  const run: FetchRun = {
    access,
    manifest,
    checksums: verify === 'sha256' ? new Checksums(access) : undefined,
    compression,
    force,
    failures: [],
    stop,
    note,
    addBytes: (copy, bytes) => {
      progress.bytes += bytes;
      progress.seq = copy.source.seq;
    },
    reportProgress: () => {
      const { current } = compression;
      options.onProgress?.({ ...progress, ...(current !== undefined && { compression: current }) });
    },
    bytesLeft: () => progress.totalBytes - progress.bytes,
  };
  try {
    const remaining = await prepareCopies(run, copies, isSameCapture, options);
    try {
      await copyAll(run, remaining, options);
    } catch (error) {
      if (error instanceof SpoolGone) await keepUnfinished(run, remaining, error);
      // On a full disk the manifest stays as it was; the files themselves show the rest.
      await recordUnfinished(run, remaining).catch(() => {});
      throw error;
    }
    await recordUnfinished(run, remaining);
  } finally {
    for (const copy of copies) await copy.close();
  }
  const [failure] = run.failures;
  if (failure) throw failure;
  return manifest.write();
}

/** Lists the spool. If it is gone, first cleans up the result of an earlier fetch. */
async function list(access: SpoolAccess, options: FetchOptions) {
  try {
    return await access.list(options);
  } catch (error) {
    if (error instanceof SpoolGone) await recordLoss(error, options);
    throw error;
  }
}

async function recordLoss(loss: SpoolGone, { folder, origin, force = false }: FetchOptions) {
  const { manifest, isSameCapture } = await ManifestStore.open(folder, origin, undefined, force);
  if (!isSameCapture) return;
  const earlier = await EarlierFetch.open(folder, origin.capture, isSameCapture);
  await earlier.keepLocalParts({ manifest, force }, new Set(), loss.message);
  recordInterruption(manifest, loss);
  await manifest.write();
}

/** Resumes what is already in the folder. Returns the copies that are still to be made. */
async function prepareCopies(
  run: FetchRun,
  copies: readonly FileCopy[],
  isSameCapture: boolean,
  { folder, origin, signal }: FetchOptions,
): Promise<FileCopy[]> {
  const { manifest } = run;
  const earlier = await EarlierFetch.open(folder, origin.capture, isSameCapture);
  const listed = new Set(copies.map(({ source }) => source.seq));
  await earlier.keepLocalParts(run, listed, 'the ring removed it before the copy was complete');
  const remaining: FileCopy[] = [];
  for (const copy of copies) {
    signal.throwIfAborted();
    if (await earlier.isCopied(run, copy)) {
      run.addBytes(copy, copy.source.size);
      continue;
    }
    remaining.push(copy);
    manifest.set(copyingEntry(copy));
    if (copy.size > 0) run.addBytes(copy, copy.size);
  }
  run.reportProgress();
  // Written before any data is copied, so that a later fetch recognizes the files.
  await manifest.write();
  return remaining;
}

async function copyAll(
  run: FetchRun,
  remaining: readonly FileCopy[],
  { streams }: FetchOptions,
): Promise<void> {
  run.checksums?.start(remaining.map(({ source }) => source).filter(({ closed }) => closed));
  const workers = Math.max(1, Math.min(streams, remaining.length));
  const queue = new WorkQueue(remaining, workers);
  let failure: { readonly error: unknown } | undefined;
  await Promise.all(
    Array.from({ length: workers }, async () => {
      try {
        await new Worker(run, queue).work();
      } catch (error) {
        failure ??= { error };
        run.stop();
      }
    }),
  );
  if (failure) throw failure.error;
}

/** The spool disappeared during the copy: keeps the local data and records what is lost. */
async function keepUnfinished(run: FetchRun, remaining: readonly FileCopy[], loss: SpoolGone) {
  for (const copy of remaining)
    if (run.manifest.get(copy.source.seq)?.state === 'copying')
      await keepPartial(run, copy, loss.message);
  recordInterruption(run.manifest, loss);
}

/** Records the state of files that the next fetch will resume. */
async function recordUnfinished({ manifest }: FetchRun, remaining: readonly FileCopy[]) {
  for (const copy of remaining) {
    await copy.close();
    if (manifest.get(copy.source.seq)?.state === 'copying') manifest.set(copyingEntry(copy));
  }
  await manifest.write();
}

function recordInterruption(manifest: ManifestStore, loss: SpoolGone): void {
  if (manifest.recording)
    manifest.addInterruption({
      at: (loss.at ?? new Date()).toISOString(),
      kind: 'container-ended',
      why: loss.message,
    });
}
