import type { PacketCursor } from '../../pcap/packetCursor.ts';

/**
 * The formats of tshark's -t: relative to the first packet, local date and time, UTC date and time, seconds since 1970.
 */
export const TIME_FORMATS = ['r', 'ad', 'ud', 'e'] as const;
export type TimeFormat = (typeof TIME_FORMATS)[number];

/** Formats the times of packets. */
export class TimeTexts {
  readonly #format: TimeFormat;
  #isStarted = false;
  #startSeconds = 0;
  #startNanoseconds = 0;
  /** The text of one second is cached, because many packets share it. */
  #second = Number.NaN;
  #secondText = '';

  constructor(format: TimeFormat) {
    this.#format = format;
  }

  /** Takes note of the time of the first packet. Later calls have no effect. */
  pass({ seconds, nanoseconds }: PacketCursor): void {
    if (this.#isStarted) return;
    this.#isStarted = true;
    this.#startSeconds = seconds;
    this.#startNanoseconds = nanoseconds;
  }

  /** The time of the packet, with 6 or 9 decimals. */
  of(cursor: PacketCursor, digits: number): string {
    this.pass(cursor);
    const { seconds, nanoseconds } = cursor;
    if (this.#format === 'r') return this.#relative(seconds, nanoseconds, digits);
    if (this.#format === 'e') return `${seconds}.${fraction(nanoseconds, digits)}`;
    if (seconds !== this.#second) {
      this.#second = seconds;
      this.#secondText = this.#format === 'ud' ? utc(seconds) : local(seconds);
    }
    return `${this.#secondText}.${fraction(nanoseconds, digits)}`;
  }

  #relative(seconds: number, nanoseconds: number, digits: number): string {
    let wholeSeconds = seconds - this.#startSeconds;
    let rest = nanoseconds - this.#startNanoseconds;
    const isBefore = wholeSeconds < 0 || (wholeSeconds === 0 && rest < 0);
    if (isBefore) {
      wholeSeconds = -wholeSeconds;
      rest = -rest;
    }
    if (rest < 0) {
      wholeSeconds -= 1;
      rest += 1e9;
    }
    return `${isBefore ? '-' : ''}${wholeSeconds}.${fraction(rest, digits)}`;
  }
}

function fraction(nanoseconds: number, digits: number): string {
  return digits === 9
    ? String(nanoseconds).padStart(9, '0')
    : String(Math.floor(nanoseconds / 1000)).padStart(6, '0');
}

function utc(seconds: number): string {
  return new Date(seconds * 1000).toISOString().slice(0, 19).replace('T', ' ');
}

function local(seconds: number): string {
  const date = new Date(seconds * 1000);
  return utc(seconds - date.getTimezoneOffset() * 60);
}
