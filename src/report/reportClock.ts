import type { Summary } from '../reading/summary.ts';

/** Converts a summary's times into a report's times: whole microseconds since a whole millisecond. */
export class ReportClock {
  /** The report's start, in milliseconds since 1970. */
  readonly start: number;
  /** The length of the whole capture, in microseconds. */
  readonly duration: number;
  /** The report's start, in nanoseconds of the summary. */
  readonly #start: number;

  constructor({ summarizer: { baseSeconds, start, end } }: Summary) {
    const hasTime = end >= start;
    this.#start = hasTime ? Math.floor(start / 1e6) * 1e6 : 0;
    this.start = baseSeconds * 1000 + this.#start / 1e6;
    this.duration = hasTime ? this.at(end) : 0;
  }

  /** Converts nanoseconds of the summary. */
  at(nanoseconds: number): number {
    return Math.round((nanoseconds - this.#start) / 1e3);
  }

  /** Converts ISO 8601 with nine decimals, as in findings; undefined if there is no time. */
  atText(iso: string | undefined): number | undefined {
    const [, dateTime, fraction] = iso?.match(/^(.+:\d\d)\.(\d{9})Z$/) ?? [];
    if (dateTime === undefined || fraction === undefined) return undefined;
    const milliseconds = Date.parse(`${dateTime}Z`) - this.start;
    return Math.round(milliseconds * 1e3 + Number(fraction) / 1e3);
  }
}
