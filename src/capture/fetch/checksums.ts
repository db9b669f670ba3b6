import { flattenBatches } from '../../transfer/batches.ts';
import type { SpoolFile } from '../spool/listing.ts';
import type { SpoolAccess } from './spoolAccess.ts';
import { TruncatedStream } from './streamFailures.ts';
import { BATCH_FILES } from './workQueue.ts';

/** A file's checksum from the pod; otherwise why it is missing, if one was requested. */
export type Checksum = { readonly sha256: string } | { readonly unverified?: string };

/** A lower bound of the checksum rate: even a processor limited to a few percent of a core is this fast. */
const MIN_BYTES_PER_MS = 5_000;
const SUM_LINE = /^sum ([1-9]\d{0,8}) ([0-9a-f]{64}|gone|unsupported)$/;

/** Checksums of files, computed in the pod one after another while the files are copied. */
export class Checksums {
  readonly #access: SpoolAccess;
  readonly #checksums = new Map<number, PromiseWithResolvers<Checksum>>();
  #unsupported = false;

  constructor(access: SpoolAccess) {
    this.#access = access;
  }

  /** Requests these files' checksums. If the pod cannot be reached, `get` throws the error. */
  start(files: readonly SpoolFile[]): void {
    for (const { seq } of files) {
      const pending = Promise.withResolvers<Checksum>();
      // The caller may never wait for it.
      pending.promise.catch(() => {});
      this.#checksums.set(seq, pending);
    }
    this.#requestAll(files).catch((error) => {
      for (const { seq } of files) this.#checksums.get(seq)?.reject(error);
    });
  }

  /** The file's checksum, as soon as the pod has computed it. */
  async get(file: SpoolFile): Promise<Checksum> {
    const pending = this.#checksums.get(file.seq);
    if (pending) return pending.promise;
    return this.recompute(file);
  }

  /** Requests the checksum once more: the first one may have been wrong. */
  async recompute(file: SpoolFile): Promise<Checksum> {
    this.start([file]);
    return this.get(file);
  }

  async #requestAll(files: readonly SpoolFile[]): Promise<void> {
    for (let at = 0; at < files.length; at += BATCH_FILES) {
      const remaining = new Map(files.slice(at, at + BATCH_FILES).map((file) => [file.seq, file]));
      await this.#access.withRetries(async (backoff) => {
        if (remaining.size > 0 && !this.#unsupported)
          await this.#requestBatch(remaining, () => backoff.progress());
      });
      for (const { seq } of remaining.values()) this.#resolve(seq, { unverified: FILE_REMOVED });
    }
  }

  /** Requests a batch and removes finished files from `remaining`. Throws TruncatedStream if the output was cut off. */
  async #requestBatch(remaining: Map<number, SpoolFile>, onProgress: () => void): Promise<void> {
    const largest = Math.max(...[...remaining.values()].map(({ size }) => size));
    const args = [...remaining.keys()].map((seq) => `seq=${seq}`);
    const parseLine = (line: string) => {
      const [, number, sum = ''] = SUM_LINE.exec(line) ?? [];
      const seq = Number(number);
      if (line.trim() === 'unsupported' || sum === 'unsupported') this.#unsupported = true;
      else if (remaining.delete(seq)) {
        onProgress();
        this.#resolve(seq, sum === 'gone' ? { unverified: FILE_REMOVED } : { sha256: sum });
      }
    };
    const code = await this.#access.run(
      'sum',
      args,
      async ({ batches, exitCode }) => {
        let rest = '';
        for await (const chunk of flattenBatches(batches)) {
          const lines = (rest + chunk.toString('latin1')).split('\n');
          rest = lines.pop()?.slice(-MAX_LINE) ?? '';
          for (const line of lines) parseLine(line);
        }
        return exitCode();
      },
      largest / MIN_BYTES_PER_MS,
    );
    if (this.#unsupported) {
      for (const { seq } of remaining.values()) this.#resolve(seq, { unverified: NO_PROGRAM });
      remaining.clear();
    } else if (remaining.size > 0 && (code === undefined || code === 0))
      throw new TruncatedStream('the list of checksums was cut off');
  }

  #resolve(seq: number, checksum: Checksum): void {
    this.#checksums.get(seq)?.resolve(checksum);
  }
}

const MAX_LINE = 200;
const NO_PROGRAM = 'the image has no sha256sum';
const FILE_REMOVED = 'the file was removed from the pod before its checksum was computed';
