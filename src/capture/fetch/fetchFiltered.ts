import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Problem } from '../../problem.ts';
import { lockFolder } from '../../transfer/folderLock.ts';
import { existsAlready } from '../../transfer/placeFile.ts';
import type { CaptureOrigin, Manifest, ManifestFile } from '../manifest.ts';
import type { Listing, SpoolFile } from '../spool/listing.ts';
import type { FetchOptions } from './fetchSpool.ts';
import { FileCopy } from './fileCopy.ts';
import { checkCaptureFileName, localFiles } from './fileNames.ts';
import { lostEntry, packetFacts } from './finishCopy.ts';
import { ManifestBook } from './manifestBook.ts';
import type { PacketFilter, PodFilter } from './podFilter.ts';
import { FETCH_LIMITS, SpoolAccess } from './spoolAccess.ts';
import { SpoolGone, type SpoolSource } from './spoolSource.ts';
import { spoolStream } from './spoolStream.ts';
import { CutStream, DamagedStream, FileGone } from './streamFailures.ts';

/** Filters a pcap file: returns the matching packets as a pcap file. */
export type FilterHere = (
  file: AsyncIterable<Buffer>,
  filter: PacketFilter,
) => AsyncIterable<Buffer>;

export interface FilteredFetchOptions
  extends Omit<FetchOptions, 'verify' | 'streams' | 'mayCompress'> {
  readonly filter: PodFilter;
  /** Why the pod cannot evaluate the filter, given the programs in its image; undefined if it can. */
  readonly whyNotInPod: (tools: ReadonlySet<string>) => string | undefined;
  /** Evaluates the filter on this computer; `by` names the program. Throws a Problem if that is not possible. */
  readonly filterHere: (why: string) => Promise<{ by: string; filter: FilterHere }>;
}

/**
 * Copies the packets of a capture that match a filter into a folder, with one file for each file of the ring that has
 * any, and writes capture.json, which tells that this is not the whole capture. Throws like fetchSpool.
 */
export async function fetchFiltered(
  source: SpoolSource,
  options: FilteredFetchOptions,
): Promise<Manifest> {
  const { folder, origin, signal, flush } = options;
  checkCaptureFileName(origin.capture);
  const unlock = await lockFolder(folder);
  try {
    const access = new SpoolAccess(source, { ...FETCH_LIMITS, ...options.limits }, signal);
    if (flush) await access.patiently(() => access.flush());
    const listing = await access.list();
    const why = options.whyNotInPod(listing.tools);
    const here = why === undefined ? undefined : await options.filterHere(why);
    const fetch = await FilteredFetch.open(access, listing, here, options);
    return await fetch.run();
  } finally {
    await unlock();
  }
}

class FilteredFetch {
  readonly #access: SpoolAccess;
  readonly #book: ManifestBook;
  readonly #here: FilterHere | undefined;
  readonly #options: FilteredFetchOptions;
  readonly #wanted: readonly SpoolFile[];

  private constructor(
    access: SpoolAccess,
    book: ManifestBook,
    here: FilterHere | undefined,
    wanted: readonly SpoolFile[],
    options: FilteredFetchOptions,
  ) {
    this.#access = access;
    this.#book = book;
    this.#here = here;
    this.#options = options;
    this.#wanted = wanted;
  }

  static async open(
    access: SpoolAccess,
    listing: Listing,
    here: { by: string; filter: FilterHere } | undefined,
    options: FilteredFetchOptions,
  ): Promise<FilteredFetch> {
    const { folder, filter, flush = false, force = false } = options;
    const { language, text } = filter;
    const origin: CaptureOrigin = {
      ...options.origin,
      filtered: {
        [language === 'display' ? 'displayFilter' : 'captureFilter']: text,
        by: here?.by ?? `${language === 'display' ? 'tshark' : 'tcpdump'} in the pod`,
        wholeCapture: false,
      },
    };
    const { book, known } = await ManifestBook.open(folder, origin, listing, force);
    const wanted = listing.files.filter(({ closed }) => flush || closed);
    const fetch = new FilteredFetch(access, book, here?.filter, wanted, options);
    await fetch.#clear(known, force);
    await book.write();
    return fetch;
  }

  async run(): Promise<Manifest> {
    const { onProgress } = this.#options;
    const totalBytes = this.#wanted.reduce((sum, { size }) => sum + size, 0);
    let bytes = 0;
    for (const file of this.#wanted) {
      try {
        if (!(await this.#isHere(file))) this.#book.set(await this.#fetch(file));
      } catch (error) {
        if (error instanceof SpoolGone) await this.#tellLost(error);
        throw error;
      }
      await this.#book.write();
      bytes += file.size;
      onProgress?.({ bytes, totalBytes, seq: file.seq });
    }
    return this.#book.write();
  }

  /** Deletes unfinished files of an earlier fetch. Files of other captures are deleted only with `force`. */
  async #clear(known: boolean, force: boolean): Promise<void> {
    const { folder, origin } = this.#options;
    const seqs = new Set(this.#wanted.map(({ seq }) => seq));
    for (const { name, seq, stage } of localFiles(origin.capture, await readdir(folder))) {
      if (!seqs.has(seq) || (known && stage === 'whole')) continue;
      if (!known && !force) throw existsAlready(join(folder, name));
      await rm(join(folder, name));
    }
  }

  async #isHere({ seq }: SpoolFile): Promise<boolean> {
    const entry = this.#book.get(seq);
    if (entry?.state !== 'whole') return false;
    if (entry.name === undefined) return true;
    const here = await stat(join(this.#options.folder, entry.name)).catch(() => undefined);
    return here?.size === entry.size;
  }

  /** Filters one file, and retries each time its stream is cut. */
  async #fetch(file: SpoolFile): Promise<ManifestFile> {
    const { folder, origin, onNote, force = false } = this.#options;
    const patience = this.#access.patience();
    for (;;) {
      const copy = new FileCopy(folder, origin.capture, file);
      try {
        for await (const chunk of this.#packetsOf(file)) {
          patience.progress();
          // A filter can only remove packets.
          if (copy.size + chunk.length > file.size)
            throw new Problem(`the pod sent more data than file ${file.seq} has`, {
              kind: 'damaged',
            });
          await copy.append(Buffer.from(chunk));
        }
        return await placed(copy, file, force);
      } catch (error) {
        await copy.discard();
        if (error instanceof FileGone) {
          onNote?.(`file ${file.seq} cannot be filtered: the ring removed it`);
          return lostEntry(file, 'the ring removed it during the copy');
        }
        await this.#access.waitToGoOn(error, patience);
      }
    }
  }

  #packetsOf(file: SpoolFile): AsyncIterable<Buffer> {
    const { filter } = this.#options;
    if (file.size === 0) return nothing();
    if (!this.#here) return this.#access.filter(file, filter);
    const whole = spoolStream(this.#access, [file], {
      onNote: (text) => {
        throw new FileGone(text);
      },
    });
    return this.#here(whole, filter);
  }

  async #tellLost(gone: SpoolGone): Promise<void> {
    for (const file of this.#wanted)
      if (this.#book.get(file.seq)?.state !== 'whole')
        this.#book.set(lostEntry(file, gone.message));
    if (this.#book.recording)
      this.#book.interrupted({
        at: (gone.at ?? new Date()).toISOString(),
        kind: 'container-ended',
        why: gone.message,
      });
    await this.#book.write();
  }
}

async function* nothing(): AsyncGenerator<Buffer, void> {}

/**
 * Names the filtered file and returns its manifest entry. Throws CutStream or DamagedStream if the file does not end
 * with a whole packet.
 */
async function placed(copy: FileCopy, file: SpoolFile, force: boolean): Promise<ManifestFile> {
  const { proof } = copy;
  const { walk, sha256 } = proof;
  if (walk.damage !== undefined) throw new DamagedStream(walk.damage);
  if (walk.wholeBytes !== walk.bytes) throw new CutStream('it ends inside a packet');
  const state = file.closed ? 'whole' : 'partial';
  const entry = { seq: file.seq, state, recorded: file.size, ...packetFacts(proof) } as const;
  if (walk.packets === 0) {
    await copy.discard();
    return { ...entry, size: 0, note: 'no packet matches' };
  }
  const name = await copy.place(state, force);
  return { ...entry, name, size: walk.bytes, sha256 };
}
