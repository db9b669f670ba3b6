import type { MergeSource } from './mergeSource.ts';
import { isBefore, type Moment } from './moment.ts';

const NO_LIMIT: Moment = { seconds: Number.POSITIVE_INFINITY, nanoseconds: 0 };
const NEVER: Moment = { seconds: -1, nanoseconds: 0 };

/**
 * How long the packets of a merge wait for older ones. A packet may go out when each source that has
 * none has said that nothing older comes any more, and in any case `maxDelay` milliseconds after it
 * came. Two kinds of source are waited for less, since they would make the others slow:
 *
 * - one that is behind: what it said last is older by more than `maxDelay` than what has gone out.
 *   Nothing is put in order by waiting for it; its packets go out as they come until it has caught up;
 * - one that is quiet, for `maxDelay` or longer, while another source is out of room.
 */
export class MergeHold {
  readonly #maxDelay: number;
  /** As far as sources without a packet have come: up to here packets may go out. */
  #safe = NO_LIMIT;
  /** The newest packet that has waited long enough. */
  #overdue = NEVER;

  constructor(maxDelay: number) {
    this.#maxDelay = maxDelay;
  }

  /** Finds out anew how far it is safe to go. */
  update(sources: ReadonlySet<MergeSource>, now: number): void {
    let isRoomShort = false;
    for (const { isPaused } of sources) isRoomShort ||= isPaused;
    this.#safe = NO_LIMIT;
    for (const source of sources) {
      const isQuiet = now - source.lastWord >= this.#maxDelay;
      const isWaitedFor =
        !source.hasPacket &&
        !source.isBehind &&
        source.failure === undefined &&
        !(isRoomShort && isQuiet);
      if (isWaitedFor && isBefore(source.watermark, this.#safe)) this.#safe = source.watermark;
    }
  }

  holds(packet: Moment): boolean {
    return isBefore(this.#safe, packet) && isBefore(this.#overdue, packet);
  }

  /** Lets go what has waited long enough of these packets, with all that is older; false if none has. */
  letGo(heads: readonly MergeSource[], now: number): boolean {
    let found = false;
    for (const head of heads) {
      if (head.queue.arrived + this.#maxDelay > now) continue;
      found = true;
      if (isBefore(this.#overdue, head))
        this.#overdue = { seconds: head.seconds, nanoseconds: head.nanoseconds };
    }
    return found;
  }

  /** Looks at a time that a source came up with, while `newest` is the newest that has gone out. */
  heard(source: MergeSource, time: Moment, newest: Moment): void {
    const behind =
      (newest.seconds - time.seconds) * 1e3 + (newest.nanoseconds - time.nanoseconds) / 1e6;
    source.isBehind = behind > this.#maxDelay;
  }

  /** Milliseconds from `now` until one of these has waited long enough; undefined for never. */
  nextDeadline(heads: readonly MergeSource[], now: number): number | undefined {
    if (heads.length === 0 || this.#maxDelay === Number.POSITIVE_INFINITY) return undefined;
    const first = Math.min(...heads.map(({ queue }) => queue.arrived));
    return Math.max(0, Math.ceil(first + this.#maxDelay - now));
  }
}
