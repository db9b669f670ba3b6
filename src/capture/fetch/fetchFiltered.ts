import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Problem } from '../../problem.ts';
import { lockFolder } from '../../transfer/folderLock.ts';
import { alreadyExists } from '../../transfer/placeFile.ts';
import type { CaptureOrigin, Manifest, ManifestFile } from '../manifest.ts';
import type { Listing, SpoolFile } from '../spool/listing.ts';
import type { FetchOptions } from './fetchSpool.ts';
import { FileCopy } from './fileCopy.ts';
import { checkCaptureFileName, localFiles } from './fileNames.ts';
import { lostEntry, packetFacts } from './finishCopy.ts';
import { ManifestStore } from './manifestStore.ts';
import type { PacketFilter, PodFilter } from './podFilter.ts';
import { FETCH_LIMITS, SpoolAccess } from './spoolAccess.ts';
import { SpoolGone, type SpoolSource } from './spoolSource.ts';
import { spoolStream } from './spoolStream.ts';
import { DamagedStream, FileGone, TruncatedStream } from './streamFailures.ts';

/** Filters a pcap file: returns the matching packets as a pcap file. */
export type LocalFilter = (
  file: AsyncIterable<Buffer>,
  filter: PacketFilter,
) => AsyncIterable<Buffer>;

export interface FilteredFetchOptions
  extends Omit<FetchOptions, 'verify' | 'streams' | 'allowCompression'> {
  readonly filter: PodFilter;
  /** Why the pod cannot evaluate the filter, given the programs in its image; undefined if it can. */
  readonly podFilterProblem: (tools: ReadonlySet<string>) => string | undefined;
  /** Evaluates the filter on this computer; `by` names the program. Throws a Problem if that is not possible. */
  readonly localFilter: (why: string) => Promise<{ by: string; filter: LocalFilter }>;
}

/**
 * Copies the packets of a capture that match a filter into a folder, with one file for each file of the ring that has
 * any, and writes capture.json, which tells that this is not the whole capture. Throws like fetchSpool.
 */
export async function fetchFiltered(
  source: SpoolSource,
  options: FilteredFetchOptions,
): Promise<Manifest> {
  const { folder, origin, signal } = options;
  checkCaptureFileName(origin.capture);
  const unlock = await lockFolder(folder);
  try {
    const access = new SpoolAccess(source, { ...FETCH_LIMITS, ...options.limits }, signal);
    const listing = await access.list(options);
    const problem = options.podFilterProblem(listing.tools);
    const local = problem === undefined ? undefined : await options.localFilter(problem);
    const fetch = await FilteredFetch.open(access, listing, local, options);
    return await fetch.run();
  } finally {
    await unlock();
  }
}

class FilteredFetch {
  readonly #access: SpoolAccess;
  readonly #manifest: ManifestStore;
  readonly #localFilter: LocalFilter | undefined;
  readonly #options: FilteredFetchOptions;
  readonly #files: readonly SpoolFile[];

  private constructor(
    access: SpoolAccess,
    manifest: ManifestStore,
    local: LocalFilter | undefined,
    files: readonly SpoolFile[],
    options: FilteredFetchOptions,
  ) {
    this.#access = access;
    this.#manifest = manifest;
    this.#localFilter = local;
    this.#options = options;
    this.#files = files;
  }

  static async open(
    access: SpoolAccess,
    listing: Listing,
    local: { by: string; filter: LocalFilter } | undefined,
    options: FilteredFetchOptions,
  ): Promise<FilteredFetch> {
    const { folder, filter, flush = false, force = false } = options;
    const { language, text } = filter;
    const origin: CaptureOrigin = {
      ...options.origin,
      filtered: {
        [language === 'display' ? 'displayFilter' : 'captureFilter']: text,
        by: local?.by ?? `${language === 'display' ? 'tshark' : 'tcpdump'} in the pod`,
        wholeCapture: false,
      },
    };
    const { manifest, isSameCapture } = await ManifestStore.open(folder, origin, listing, force);
    const files = listing.files.filter(({ closed }) => flush || closed);
    const fetch = new FilteredFetch(access, manifest, local?.filter, files, options);
    await fetch.#removeUnfinished(isSameCapture, force);
    await manifest.write();
    return fetch;
  }

  async run(): Promise<Manifest> {
    const { onProgress } = this.#options;
    const totalBytes = this.#files.reduce((sum, { size }) => sum + size, 0);
    let bytes = 0;
    for (const file of this.#files) {
      try {
        if (!(await this.#isFetched(file))) this.#manifest.set(await this.#fetch(file));
      } catch (error) {
        if (error instanceof SpoolGone) await this.#recordLost(error);
        throw error;
      }
      await this.#manifest.write();
      bytes += file.size;
      onProgress?.({ bytes, totalBytes, seq: file.seq });
    }
    return this.#manifest.write();
  }

  /** Deletes unfinished files of an earlier fetch. Files of other captures are deleted only with `force`. */
  async #removeUnfinished(isSameCapture: boolean, force: boolean): Promise<void> {
    const { folder, origin } = this.#options;
    const seqs = new Set(this.#files.map(({ seq }) => seq));
    for (const { name, seq, stage } of localFiles(origin.capture, await readdir(folder))) {
      if (!seqs.has(seq) || (isSameCapture && stage === 'whole')) continue;
      if (!isSameCapture && !force) throw alreadyExists(join(folder, name));
      await rm(join(folder, name));
    }
  }

  async #isFetched({ seq }: SpoolFile): Promise<boolean> {
    const entry = this.#manifest.get(seq);
    if (entry?.state !== 'whole') return false;
    if (entry.name === undefined) return true;
    const stats = await stat(join(this.#options.folder, entry.name)).catch(() => undefined);
    return stats?.size === entry.size;
  }

  /** Filters one file, and retries each time its stream is cut. */
  async #fetch(file: SpoolFile): Promise<ManifestFile> {
    const { folder, origin, onNote, force = false } = this.#options;
    const backoff = this.#access.newBackoff();
    for (;;) {
      const copy = new FileCopy(folder, origin.capture, file);
      try {
        for await (const chunk of this.#packetsOf(file)) {
          backoff.progress();
          // A filter can only remove packets.
          if (copy.size + chunk.length > file.size)
            throw new Problem(`the pod sent more data than file ${file.seq} has`, {
              kind: 'damaged',
            });
          await copy.append(Buffer.from(chunk));
        }
        return await finishFiltered(copy, file, force);
      } catch (error) {
        await copy.discard();
        if (error instanceof FileGone) {
          onNote?.({
            kind: 'gap',
            text: `file ${file.seq} cannot be filtered: the ring removed it`,
          });
          return lostEntry(file, 'the ring removed it during the copy');
        }
        await this.#access.waitBeforeRetry(error, backoff);
      }
    }
  }

  #packetsOf(file: SpoolFile): AsyncIterable<Buffer> {
    const { filter } = this.#options;
    if (file.size === 0) return noChunks();
    if (!this.#localFilter) return this.#access.filter(file, filter);
    const whole = spoolStream(this.#access, [file], {
      onNote: ({ text }) => {
        throw new FileGone(text);
      },
    });
    return this.#localFilter(whole, filter);
  }

  async #recordLost(loss: SpoolGone): Promise<void> {
    for (const file of this.#files)
      if (this.#manifest.get(file.seq)?.state !== 'whole')
        this.#manifest.set(lostEntry(file, loss.message));
    if (this.#manifest.recording)
      this.#manifest.addInterruption({
        at: (loss.at ?? new Date()).toISOString(),
        kind: 'container-ended',
        why: loss.message,
      });
    await this.#manifest.write();
  }
}

async function* noChunks(): AsyncGenerator<Buffer, void> {}

/**
 * Names the filtered file and returns its manifest entry. Throws TruncatedStream or DamagedStream if the file does not end
 * with a whole packet.
 */
async function finishFiltered(
  copy: FileCopy,
  file: SpoolFile,
  force: boolean,
): Promise<ManifestFile> {
  const { summary } = copy;
  const { walk, sha256 } = summary;
  if (walk.damage !== undefined) throw new DamagedStream(walk.damage);
  if (walk.wholeBytes !== walk.bytes) throw new TruncatedStream('it ends inside a packet');
  const state = file.closed ? 'whole' : 'partial';
  const entry = { seq: file.seq, state, recorded: file.size, ...packetFacts(summary) } as const;
  if (walk.packets === 0) {
    await copy.discard();
    return { ...entry, size: 0, note: 'no packet matches' };
  }
  const name = await copy.finish(state, force);
  return { ...entry, name, size: walk.bytes, sha256 };
}
