import { oneByOne } from '../../transfer/batches.ts';
import type { SpoolFile } from '../spool/listing.ts';
import type { SpoolAccess } from './spoolAccess.ts';
import { CutStream } from './streamFailures.ts';
import { BATCH_FILES } from './workQueue.ts';

/** A file's checksum from the pod; otherwise why it is missing, if one was requested. */
export type Checksum = { readonly sha256: string } | { readonly unverified?: string };

/** A lower bound of the checksum rate: even a processor limited to a few percent of a core is this fast. */
const SLOWEST_BYTES_PER_MS = 5_000;
const SUM = /^sum ([1-9]\d{0,8}) ([0-9a-f]{64}|gone|unsupported)$/;

/** Checksums of files, computed in the pod one after another while the files are copied. */
export class Checksums {
  readonly #access: SpoolAccess;
  readonly #known = new Map<number, PromiseWithResolvers<Checksum>>();
  #unsupported = false;

  constructor(access: SpoolAccess) {
    this.#access = access;
  }

  /** Requests these files' checksums. If the pod cannot be reached, `of` throws the error. */
  start(files: readonly SpoolFile[]): void {
    for (const { seq } of files) {
      const waiting = Promise.withResolvers<Checksum>();
      // The caller may never wait for it.
      waiting.promise.catch(() => {});
      this.#known.set(seq, waiting);
    }
    this.#all(files).catch((error) => {
      for (const { seq } of files) this.#known.get(seq)?.reject(error);
    });
  }

  /** The file's checksum, as soon as the pod has computed it. */
  async of(file: SpoolFile): Promise<Checksum> {
    const known = this.#known.get(file.seq);
    if (known) return known.promise;
    return this.again(file);
  }

  /** Requests the checksum once more: the first one may have been wrong. */
  async again(file: SpoolFile): Promise<Checksum> {
    this.start([file]);
    return this.of(file);
  }

  async #all(files: readonly SpoolFile[]): Promise<void> {
    for (let at = 0; at < files.length; at += BATCH_FILES) {
      const left = new Map(files.slice(at, at + BATCH_FILES).map((file) => [file.seq, file]));
      await this.#access.patiently(async (patience) => {
        if (left.size > 0 && !this.#unsupported) await this.#batch(left, () => patience.progress());
      });
      for (const { seq } of left.values()) this.#tell(seq, { unverified: NOT_MADE });
    }
  }

  /** Requests a batch and removes finished files from `left`. Throws CutStream if the output was cut off. */
  async #batch(left: Map<number, SpoolFile>, onProgress: () => void): Promise<void> {
    const largest = Math.max(...[...left.values()].map(({ size }) => size));
    const words = [...left.keys()].map((seq) => `seq=${seq}`);
    const take = (line: string) => {
      const [, number, sum = ''] = SUM.exec(line) ?? [];
      const seq = Number(number);
      if (line.trim() === 'unsupported' || sum === 'unsupported') this.#unsupported = true;
      else if (left.delete(seq)) {
        onProgress();
        this.#tell(seq, sum === 'gone' ? { unverified: NOT_MADE } : { sha256: sum });
      }
    };
    const code = await this.#access.run(
      'sum',
      words,
      async ({ batches, ended }) => {
        let rest = '';
        for await (const chunk of oneByOne(batches)) {
          const lines = (rest + chunk.toString('latin1')).split('\n');
          rest = lines.pop()?.slice(-MAX_LINE) ?? '';
          for (const line of lines) take(line);
        }
        return ended();
      },
      largest / SLOWEST_BYTES_PER_MS,
    );
    if (this.#unsupported) {
      for (const { seq } of left.values()) this.#tell(seq, { unverified: NO_PROGRAM });
      left.clear();
    } else if (left.size > 0 && (code === undefined || code === 0))
      throw new CutStream('the list of checksums was cut off');
  }

  #tell(seq: number, checksum: Checksum): void {
    this.#known.get(seq)?.resolve(checksum);
  }
}

const MAX_LINE = 200;
const NO_PROGRAM = 'the image has no sha256sum';
const NOT_MADE = 'the file was removed from the pod before its checksum was computed';
