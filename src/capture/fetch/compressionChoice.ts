import type { Notice } from '../../notice.ts';
import { bytesText } from '../../output/quantities.ts';
import type { Compression } from './compression.ts';

/**
 * A connection is slow below this rate, in bytes a second: one core compresses about as fast with zstd -1 or gzip -1,
 * or faster.
 */
const SLOW_BYTES_PER_SECOND = 30e6;
/** The first milliseconds of a stream do not count: buffers along the way deliver their contents at once. */
const SKIPPED_MS = 400;
const MEASURED_MS = 1_200;
/** A new stream is worth it only if the rest takes at least this many seconds. */
const MIN_REMAINING_SECONDS = 2;
/** The factor by which compression must speed up the files. Random or encrypted bytes do not get smaller. */
const MIN_SPEEDUP = 1.15;

/**
 * Decides during a fetch whether the pod compresses the files: only on a slow connection, and only while it makes them
 * arrive faster. Shared by all streams of a fetch.
 */
export class CompressionChoice {
  /** The compression that the pod uses now. */
  current: Compression | undefined;
  readonly #available: Compression | undefined;
  readonly #note: (notice: Notice) => void;
  readonly #now: () => number;
  #startedAt: number | undefined;
  #measuredFrom: number | undefined;
  #bytes = 0;
  /** Bytes a second without compression. */
  #uncompressedRate: number | undefined;
  #isDecided = false;

  /** `available`: a program that the pod has, and has CPU to spare for. */
  constructor(
    available: Compression | undefined,
    note: (notice: Notice) => void,
    now = () => performance.now(),
  ) {
    this.#available = available;
    this.#note = note;
    this.#now = now;
  }

  /** Counts bytes that arrived; `remaining` bytes are missing. Changes `current` if that should help. */
  addBytes(bytes: number, remaining: number): void {
    if (this.#isDecided || this.#available === undefined) return;
    const now = this.#now();
    this.#startedAt ??= now;
    if (now - this.#startedAt < SKIPPED_MS) return;
    this.#measuredFrom ??= now;
    const elapsed = now - this.#measuredFrom;
    this.#bytes += bytes;
    if (elapsed < MEASURED_MS) return;
    const rate = (this.#bytes * 1000) / elapsed;
    if (this.#uncompressedRate !== undefined) {
      if (rate < this.#uncompressedRate * MIN_SPEEDUP) this.#change(undefined);
      else this.#isDecided = true;
    } else if (rate < SLOW_BYTES_PER_SECOND && remaining > rate * MIN_REMAINING_SECONDS) {
      this.#uncompressedRate = rate;
      this.#note({
        kind: 'compression',
        text: `the connection is slow (${bytesText(rate)}/s): the pod compresses the files with ${this.#available}`,
      });
      this.#change(this.#available);
    } else this.#restartMeasurement();
  }

  #change(compression: Compression | undefined): void {
    this.current = compression;
    if (compression === undefined) {
      this.#isDecided = true;
      this.#note({
        kind: 'compression',
        text: 'compression does not help: the files are sent uncompressed again',
      });
    }
    this.#restartMeasurement();
  }

  #restartMeasurement(): void {
    this.#startedAt = undefined;
    this.#measuredFrom = undefined;
    this.#bytes = 0;
  }
}
