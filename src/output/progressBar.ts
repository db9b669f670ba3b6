import { bytesText, elapsedText } from './quantities.ts';
import type { StatusLine } from './statusLine.ts';

/** How much of a known amount is done; bytes. */
export interface Amount {
  readonly done: number;
  readonly total: number;
  /** What is worked on, in a few words. */
  readonly now: string;
}

const REFRESH_MS = 200;
/** The rate is that of the last seconds: an average over the whole would hide a stalled link. */
const WINDOW_MS = 5_000;
const BAR_WIDTH = 20;
/** What fits into 80 columns, the last of them left free. */
const WIDTH = 79;

/** A bar with rate and time left in the status line; silent if standard error is not a terminal. */
export class ProgressBar {
  readonly #line: StatusLine;
  readonly #seen: { readonly at: number; readonly done: number }[] = [];
  #drawn = Number.NEGATIVE_INFINITY;

  constructor(line: StatusLine) {
    this.#line = line;
  }

  /** Takes how far it is, as often as that changes; draws at most five times a second. */
  show(amount: Amount, at = performance.now()): void {
    if (at - this.#drawn < REFRESH_MS) return;
    this.#drawn = at;
    this.#seen.push({ at, done: amount.done });
    while (this.#seen.length > 2 && at - (this.#seen[1]?.at ?? at) >= WINDOW_MS) this.#seen.shift();
    this.#line.show(progressText(amount, this.#rate()));
  }

  clear(): void {
    this.#line.clear();
  }

  /** Bytes a second; undefined before two measures. */
  #rate(): number | undefined {
    const first = this.#seen[0];
    const last = this.#seen.at(-1);
    if (!first || !last || last.at === first.at) return undefined;
    return Math.max(0, (last.done - first.done) * 1000) / (last.at - first.at);
  }
}

/** One line of 79 characters at most: `[####----]  41%  205 MB of 500 MB  98.1 MB/s  0:03 left  file 5`. */
export function progressText({ done, total, now }: Amount, rate: number | undefined): string {
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
  return parts.join('  ').slice(0, WIDTH);
}
