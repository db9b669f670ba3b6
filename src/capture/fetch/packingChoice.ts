import { bytesText } from '../../output/quantities.ts';
import type { Packing } from './packing.ts';

/** Bytes a second under which a link is slow: one core compresses with zstd -1 or gzip -1 about as fast or faster. */
const SLOW = 30e6;
/** What buffers on the way hold comes at once: these first milliseconds of a stream tell nothing about the link. */
const SKIPPED_MS = 400;
const MEASURED_MS = 1_200;
/** Seconds that the rest must take for a new stream to be worth it. */
const LEAST_LEFT_S = 2;
/** How many times as fast files must come while compressed; random or encrypted bytes do not get smaller. */
const LEAST_GAIN = 1.15;

/**
 * Decides, while files come, whether the pod compresses them: on a slow link, as long as that makes them come
 * faster. Shared by all streams of a fetch.
 */
export class PackingChoice {
  /** What the pod compresses with now. */
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

  /** `available`: what the pod has and has the processor for. */
  constructor(
    available: Packing | undefined,
    note: (text: string) => void,
    now = () => performance.now(),
  ) {
    this.#available = available;
    this.#note = note;
    this.#now = now;
  }

  /** Bytes of files have come; `left` are still to come. Changes `current` where that should help. */
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
