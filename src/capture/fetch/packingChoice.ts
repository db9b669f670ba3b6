import { bytesText } from '../../output/quantities.ts';
import type { Packing } from './packing.ts';

/**
 * A connection is slow below this rate, in bytes a second: one core compresses about as fast with zstd -1 or gzip -1,
 * or faster.
 */
const SLOW = 30e6;
/** The first milliseconds of a stream do not count: buffers along the way deliver their contents at once. */
const SKIPPED_MS = 400;
const MEASURED_MS = 1_200;
/** A new stream is worth it only if the rest takes at least this many seconds. */
const LEAST_LEFT_S = 2;
/** The factor by which compression must speed up the files. Random or encrypted bytes do not get smaller. */
const LEAST_GAIN = 1.15;

/**
 * Decides during a fetch whether the pod compresses the files: only on a slow connection, and only while it makes them
 * arrive faster. Shared by all streams of a fetch.
 */
export class PackingChoice {
  /** The compression that the pod uses now. */
  current: Packing | undefined;
  readonly #available: Packing | undefined;
  readonly #note: (text: string) => void;
  readonly #now: () => number;
  #begun: number | undefined;
  #measuredFrom: number | undefined;
  #bytes = 0;
  /** Bytes a second without compression. */
  #plain: number | undefined;
  #isDecided = false;

  /** `available`: a program that the pod has, and has CPU to spare for. */
  constructor(
    available: Packing | undefined,
    note: (text: string) => void,
    now = () => performance.now(),
  ) {
    this.#available = available;
    this.#note = note;
    this.#now = now;
  }

  /** Counts bytes that arrived; `left` bytes are missing. Changes `current` if that should help. */
  came(bytes: number, left: number): void {
    if (this.#isDecided || this.#available === undefined) return;
    const now = this.#now();
    this.#begun ??= now;
    if (now - this.#begun < SKIPPED_MS) return;
    this.#measuredFrom ??= now;
    const elapsed = now - this.#measuredFrom;
    this.#bytes += bytes;
    if (elapsed < MEASURED_MS) return;
    const rate = (this.#bytes * 1000) / elapsed;
    if (this.#plain !== undefined) {
      if (rate < this.#plain * LEAST_GAIN) this.#change(undefined);
      else this.#isDecided = true;
    } else if (rate < SLOW && left > rate * LEAST_LEFT_S) {
      this.#plain = rate;
      this.#note(
        `the connection is slow (${bytesText(rate)}/s): the pod compresses the files with ${this.#available}`,
      );
      this.#change(this.#available);
    } else this.#again();
  }

  #change(packing: Packing | undefined): void {
    this.current = packing;
    if (packing === undefined) {
      this.#isDecided = true;
      this.#note('compression does not help: the files are sent uncompressed again');
    }
    this.#again();
  }

  #again(): void {
    this.#begun = undefined;
    this.#measuredFrom = undefined;
    this.#bytes = 0;
  }
}
