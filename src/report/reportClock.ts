import type { Summary } from '../reading/summary.ts';

/** Turns times of a summary into those of a report: whole microseconds from a whole millisecond. */
export class ReportClock {
  /** Milliseconds since 1970 of the report's start. */
  readonly start: number;
  /** Of the whole capture, in microseconds. */
  readonly duration: number;
  /** The same, in nanoseconds of the summary. */
  readonly #start: number;

  constructor({ summarizer: { baseSeconds, start, end } }: Summary) {
    const hasTime = end >= start;
    this.#start = hasTime ? Math.floor(start / 1e6) * 1e6 : 0;
    this.start = baseSeconds * 1000 + this.#start / 1e6;
    this.duration = hasTime ? this.at(end) : 0;
  }

  /** Nanoseconds of the summary. */
  at(nanoseconds: number): number {
    return Math.round((nanoseconds - this.#start) / 1e3);
  }

  /** ISO 8601 with nine digits, as findings have it; undefined for no time. */
  atText(iso: string | undefined): number | undefined {
    const [, whole, fraction] = iso?.match(/^(.+:\d\d)\.(\d{9})Z$/) ?? [];
    if (whole === undefined || fraction === undefined) return undefined;
    const milliseconds = Date.parse(`${whole}Z`) - this.start;
    return Math.round(milliseconds * 1e3 + Number(fraction) / 1e3);
  }
}
