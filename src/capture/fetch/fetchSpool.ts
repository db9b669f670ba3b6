import { lockFolder } from '../../transfer/folderLock.ts';
import type { CaptureOrigin, Manifest, Verification } from '../manifest.ts';
import { Checksums } from './checksums.ts';
import { EarlierFetch } from './earlierFetch.ts';
import { type FetchRun, keepPartial } from './fetchRun.ts';
import { FileCopy } from './fileCopy.ts';
import { checkCaptureFileName } from './fileNames.ts';
import { copyingEntry } from './finishCopy.ts';
import { ManifestBook } from './manifestBook.ts';
import { PACKINGS, type Packing } from './packing.ts';
import { PackingChoice } from './packingChoice.ts';
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
  readonly packing?: Packing;
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
  readonly mayCompress: boolean;
  /** Whether to fetch the existing part of the file that is being recorded. */
  readonly flush?: boolean;
  /** Whether to overwrite other files of the same names and another capture's manifest. */
  readonly force?: boolean;
  /** Ends the fetch; copied data is kept, and the next fetch resumes there. */
  readonly signal: AbortSignal;
  readonly onProgress?: (progress: FetchProgress) => void;
  /** Called with notices for the user during the fetch. */
  readonly onNote?: (text: string) => void;
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
  const ending = new AbortController();
  const access = new SpoolAccess(
    source,
    { ...FETCH_LIMITS, ...options.limits },
    AbortSignal.any([options.signal, ending.signal]),
  );
  try {
    return await fetchListed(access, options, () => ending.abort());
  } finally {
    // Ends checksums that are no longer needed.
    ending.abort();
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
  const { book, known } = await ManifestBook.open(folder, origin, listing, force);
  const wanted = listing.files
    .filter(({ closed }) => flush || closed)
    .map((file) => ({ ...file, modified: file.modified ?? listing.state.started }));
  const copies = wanted.map((file) => new FileCopy(folder, origin.capture, file));
  const progress = {
    bytes: 0,
    totalBytes: wanted.reduce((sum, { size }) => sum + size, 0),
    seq: 0,
  };
  const note = (text: string) => onNote?.(text);
  const available = PACKINGS.find((program) => options.mayCompress && listing.tools.has(program));
  const packing = new PackingChoice(available, note);
  const run: FetchRun = {
    access,
    book,
    checksums: verify === 'sha256' ? new Checksums(access) : undefined,
    packing,
    force,
    failures: [],
    stop,
    note,
    came: (copy, bytes) => {
      progress.bytes += bytes;
      progress.seq = copy.source.seq;
    },
    tellProgress: () => {
      const { current } = packing;
      options.onProgress?.({ ...progress, ...(current !== undefined && { packing: current }) });
    },
    left: () => progress.totalBytes - progress.bytes,
  };
  try {
    const left = await prepare(run, copies, known, options);
    try {
      await copyAll(run, left, options);
    } catch (error) {
      if (error instanceof SpoolGone) await keepUnfinished(run, left, error);
      // On a full disk the manifest stays as it was; the files themselves show the rest.
      await tellUnfinished(run, left).catch(() => {});
      throw error;
    }
    await tellUnfinished(run, left);
  } finally {
    for (const copy of copies) await copy.close();
  }
  const [failure] = run.failures;
  if (failure) throw failure;
  return book.write();
}

/** Lists the spool. If it is gone, first cleans up the result of an earlier fetch. */
async function list(access: SpoolAccess, options: FetchOptions) {
  try {
    if (options.flush) await access.patiently(() => access.flush());
    return await access.list();
  } catch (error) {
    if (error instanceof SpoolGone) await putInOrder(error, options);
    throw error;
  }
}

async function putInOrder(gone: SpoolGone, { folder, origin, force = false }: FetchOptions) {
  const { book, known } = await ManifestBook.open(folder, origin, undefined, force);
  if (!known) return;
  const earlier = await EarlierFetch.in(folder, origin.capture, known);
  await earlier.keepWhatIsHere({ book, force }, new Set(), gone.message);
  interrupt(book, gone);
  await book.write();
}

/** Sorts out what is already in the folder. Returns the copies that are left to make. */
async function prepare(
  run: FetchRun,
  copies: readonly FileCopy[],
  known: boolean,
  { folder, origin, signal }: FetchOptions,
): Promise<FileCopy[]> {
  const { book } = run;
  const earlier = await EarlierFetch.in(folder, origin.capture, known);
  const listed = new Set(copies.map(({ source }) => source.seq));
  await earlier.keepWhatIsHere(run, listed, 'the ring removed it before the copy was complete');
  const left: FileCopy[] = [];
  for (const copy of copies) {
    signal.throwIfAborted();
    if (await earlier.has(run, copy)) {
      run.came(copy, copy.source.size);
      continue;
    }
    left.push(copy);
    book.set(copyingEntry(copy));
    if (copy.size > 0) run.came(copy, copy.size);
  }
  run.tellProgress();
  // Written before any data is copied, so that a later fetch recognizes the files.
  await book.write();
  return left;
}

async function copyAll(
  run: FetchRun,
  left: readonly FileCopy[],
  { streams }: FetchOptions,
): Promise<void> {
  run.checksums?.start(left.map(({ source }) => source).filter(({ closed }) => closed));
  const workers = Math.max(1, Math.min(streams, left.length));
  const queue = new WorkQueue(left, workers);
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
async function keepUnfinished(run: FetchRun, left: readonly FileCopy[], gone: SpoolGone) {
  for (const copy of left)
    if (run.book.get(copy.source.seq)?.state === 'copying')
      await keepPartial(run, copy, gone.message);
  interrupt(run.book, gone);
}

/** Records the state of files that the next fetch will resume. */
async function tellUnfinished({ book }: FetchRun, left: readonly FileCopy[]) {
  for (const copy of left) {
    await copy.close();
    if (book.get(copy.source.seq)?.state === 'copying') book.set(copyingEntry(copy));
  }
  await book.write();
}

function interrupt(book: ManifestBook, gone: SpoolGone): void {
  if (book.recording)
    book.interrupted({
      at: (gone.at ?? new Date()).toISOString(),
      kind: 'container-ended',
      why: gone.message,
    });
}
