import type { Notice } from '../../notice.ts';
import { bytesText } from '../../output/quantities.ts';
import type { Compression } from './compression.ts';

/**
 * A connection is slow below this rate, in bytes a second: one core compresses about as fast with zstd -1 or gzip -1,
 * or faster.
 */
const SLOW_BYTES_PER_SECOND = 30e6;
/** Milliseconds. The rate is measured in windows of this length. */
const WINDOW_MS = 200;
/** The first windows do not count: buffers along the way deliver their contents at once, and TCP starts slowly. */
const SKIPPED_WINDOWS = 2;
/** A rate is known after this many windows. */
const MEASURED_WINDOWS = 8;
/**
 * At the start of a fetch, two windows are enough if the rate is below this one, and is steady: neither buffers nor
 * TCP's slow start, which doubles the rate in each round trip, look like that.
 */
const CLEARLY_SLOW_BYTES_PER_SECOND = SLOW_BYTES_PER_SECOND / 2;
/** The most by which the rates of two windows may differ if they are steady. */
const STEADY_FACTOR = 1.25;
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
  /** When the current window began; undefined until data arrives. */
  #windowStart: number | undefined;
  #windowBytes = 0;
  /** The windows of this measurement so far. */
  #windows: Window[] = [];
  #isFirstMeasurement = true;
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
    if (this.#windowStart === undefined) {
      this.#windowStart = now;
      return;
    }
    this.#windowBytes += bytes;
    const milliseconds = now - this.#windowStart;
    if (milliseconds < WINDOW_MS) return;
    this.#windows.push({ bytes: this.#windowBytes, milliseconds });
    this.#windowStart = now;
    this.#windowBytes = 0;
    const rate = this.#measuredRate();
    if (rate === undefined) return;
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

  /** Bytes a second; undefined while too little was measured. */
  #measuredRate(): number | undefined {
    const windows = this.#windows;
    if (windows.length >= MEASURED_WINDOWS) return rateOf(windows.slice(SKIPPED_WINDOWS));
    const [previous, last] = windows.slice(-2);
    if (!this.#isFirstMeasurement || !previous || !last) return undefined;
    const rates = [rateOf([previous]), rateOf([last])];
    const isSteady = Math.max(...rates) <= Math.min(...rates) * STEADY_FACTOR;
    const isClearlySlow = Math.max(...rates) < CLEARLY_SLOW_BYTES_PER_SECOND;
    return isSteady && isClearlySlow ? rateOf([previous, last]) : undefined;
  }

  #restartMeasurement(): void {
    this.#isFirstMeasurement = false;
    this.#windowStart = undefined;
    this.#windowBytes = 0;
    this.#windows = [];
  }
}

/** What arrived in a part of a measurement. */
interface Window {
  readonly bytes: number;
  readonly milliseconds: number;
}

function rateOf(windows: readonly Window[]): number {
  const sum = (of: (window: Window) => number) =>
    windows.reduce((total, window) => total + of(window), 0);
  return (sum(({ bytes }) => bytes) * 1000) / sum(({ milliseconds }) => milliseconds);
}
