import type { MergeSource } from './mergeSource.ts';
import { isBefore, type Moment } from './moment.ts';

const NOTHING_HELD: Moment = { seconds: Number.POSITIVE_INFINITY, nanoseconds: 0 };

/**
 * How long a merge waits for sources that have no packet: until they have said that nothing older
 * comes any more, and at most `maxDelay` milliseconds after a packet came that is held back. Who was
 * waited for so long is behind: its packets go out as they come, and nobody waits for it again until
 * it has caught up. So a source that cannot keep up does not slow the others down again and again.
 */
export class MergeHold {
  readonly #maxDelay: number;
  /** Packets up to this time may go out. */
  #until = NOTHING_HELD;

  constructor(maxDelay: number) {
    this.#maxDelay = maxDelay;
  }

  /** Finds out anew up to when packets may go out. */
  update(sources: Iterable<MergeSource>): void {
    this.#until = NOTHING_HELD;
    for (const source of sources)
      if (isWaitedFor(source) && isBefore(source.watermark, this.#until))
        this.#until = source.watermark;
  }

  holds(packet: Moment): boolean {
    return isBefore(this.#until, packet);
  }

  /**
   * Waits no longer for those that hold back a packet which has waited long enough. False when none
   * of the sources with a packet (`heads`) has.
   */
  letGo(sources: Iterable<MergeSource>, heads: readonly MergeSource[], now: number): boolean {
    const overdue = heads.filter(({ queue }) => queue.arrived + this.#maxDelay <= now);
    if (overdue.length === 0) return false;
    const newest = overdue.reduce((a, b) => (isBefore(a, b) ? b : a));
    for (const source of sources)
      if (isWaitedFor(source) && isBefore(source.watermark, newest)) source.isBehind = true;
    this.update(sources);
    return true;
  }

  /** Milliseconds from `now` until one of these has waited long enough; undefined for never. */
  nextDeadline(heads: readonly MergeSource[], now: number): number | undefined {
    if (heads.length === 0 || this.#maxDelay === Number.POSITIVE_INFINITY) return undefined;
    const first = Math.min(...heads.map(({ queue }) => queue.arrived));
    return Math.max(0, first + this.#maxDelay - now);
  }
}

/** True when older packets of it may come: it has none now, and has not been given up. */
function isWaitedFor(source: MergeSource): boolean {
  return !source.hasPacket && !source.isBehind && source.failure === undefined;
}
