import type { PacketCursor } from '../pcap/packetCursor.ts';

/** A time as text in seconds since 1970, such as `1706745600.25`, with nanosecond precision. */
interface Bound {
  readonly text: string;
  readonly seconds: number;
  readonly nanoseconds: number;
}

function parseBound(text: string): Bound {
  const [wholeSeconds = '0', fraction = ''] = text.split('.');
  return {
    text,
    seconds: Number(wholeSeconds),
    nanoseconds: Number(fraction.slice(0, 9).padEnd(9, '0')),
  };
}

/** A time range, including both ends. */
export class TimeWindow {
  readonly #from: Bound | undefined;
  readonly #to: Bound | undefined;

  /** Times are seconds since 1970, as text; undefined for no limit. */
  constructor(from: string | undefined, to: string | undefined) {
    this.#from = from === undefined ? undefined : parseBound(from);
    this.#to = to === undefined ? undefined : parseBound(to);
  }

  contains({ seconds, nanoseconds }: PacketCursor): boolean {
    const [from, to] = [this.#from, this.#to];
    if (
      from &&
      (seconds < from.seconds || (seconds === from.seconds && nanoseconds < from.nanoseconds))
    )
      return false;
    return !(
      to &&
      (seconds > to.seconds || (seconds === to.seconds && nanoseconds > to.nanoseconds))
    );
  }

  /** The range as a display filter; undefined if it has no limits. */
  get filter(): string | undefined {
    const tests = [
      this.#from && `frame.time_epoch >= ${this.#from.text}`,
      this.#to && `frame.time_epoch <= ${this.#to.text}`,
    ].filter((test) => test !== undefined);
    return tests.length === 0 ? undefined : tests.join(' && ');
  }
}
