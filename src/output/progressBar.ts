import { bytesText, elapsedText } from './quantities.ts';
import type { StatusLine } from './statusLine.ts';

/** Progress of a task, in bytes. */
export interface Progress {
  readonly done: number;
  readonly total: number;
  /** A few words on the current step. */
  readonly now: string;
}

const REFRESH_MS = 200;
/** The rate of the last seconds is shown, because an average over the whole time would hide a stalled connection. */
const WINDOW_MS = 5_000;
const BAR_WIDTH = 20;
/** Fits into 80 columns with the last one free. */
const MAX_WIDTH = 79;

/**
 * A progress bar with rate and remaining time in the status line. Shows nothing if standard error is not a terminal.
 */
export class ProgressBar {
  readonly #line: StatusLine;
  readonly #samples: { readonly at: number; readonly done: number }[] = [];
  #drawnAt = Number.NEGATIVE_INFINITY;

  constructor(line: StatusLine) {
    this.#line = line;
  }

  /** Updates the progress. May be called often; draws at most five times a second. */
  show(amount: Progress, at = performance.now()): void {
    if (at - this.#drawnAt < REFRESH_MS) return;
    this.#drawnAt = at;
    this.#samples.push({ at, done: amount.done });
    while (this.#samples.length > 2 && at - (this.#samples[1]?.at ?? at) >= WINDOW_MS)
      this.#samples.shift();
    this.#line.show(progressText(amount, this.#rate()));
  }

  clear(): void {
    this.#line.clear();
  }

  /** Bytes per second; undefined before the second measurement. */
  #rate(): number | undefined {
    const first = this.#samples[0];
    const last = this.#samples.at(-1);
    if (!first || !last || last.at === first.at) return undefined;
    return Math.max(0, (last.done - first.done) * 1000) / (last.at - first.at);
  }
}

/** One line of at most 79 characters: `[####----]  41%  205 MB of 500 MB  98.1 MB/s  0:03 left  file 5`. */
export function progressText({ done, total, now }: Progress, rate: number | undefined): string {
  const share = total > 0 ? Math.min(1, Math.max(0, done / total)) : 1;
  const filled = Math.floor(share * BAR_WIDTH);
  const parts = [
    `[${'#'.repeat(filled)}${'-'.repeat(BAR_WIDTH - filled)}] ${String(Math.floor(share * 100)).padStart(3)}%`,
    `${bytesText(done)} of ${bytesText(total)}`,
  ];
  if (rate !== undefined) {
    parts.push(`${bytesText(rate)}/s`);
    if (rate > 0 && done < total) parts.push(`${elapsedText(((total - done) / rate) * 1000)} left`);
  }
  parts.push(now);
  return parts.join('  ').slice(0, MAX_WIDTH);
}
