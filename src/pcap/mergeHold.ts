import type { MergeSource } from './mergeSource.ts';
import { isBefore, type Moment } from './moment.ts';

const NO_LIMIT: Moment = { seconds: Number.POSITIVE_INFINITY, nanoseconds: 0 };
const NEVER: Moment = { seconds: -1, nanoseconds: 0 };

/**
 * Decides how long the packets of a merge wait for older ones. A packet may be written once every source without a
 * packet has reported that it has nothing older, and in any case `maxDelay` milliseconds after it arrived. Two kinds of
 * source are not waited for that long, because they would slow down the others:
 *
 * - a source that is behind: its last report is more than `maxDelay` older than the newest packet written. Waiting
 *   cannot restore the order, so its packets are written as they arrive until it has caught up;
 * - a source that has been quiet for at least `maxDelay` while another source is out of space.
 */
export class MergeHold {
  readonly #maxDelay: number;
  /** Packets up to this time may be written: sources without a packet have nothing older. */
  #safeUntil = NO_LIMIT;
  /** The newest packet that has waited long enough. */
  #releasedUntil = NEVER;

  constructor(maxDelay: number) {
    this.#maxDelay = maxDelay;
  }

  /** Recalculates up to which time it is safe to write. */
  update(sources: ReadonlySet<MergeSource>, now: number): void {
    let hasPausedSource = false;
    for (const { isPaused } of sources) hasPausedSource ||= isPaused;
    this.#safeUntil = NO_LIMIT;
    for (const source of sources) {
      const isQuiet = now - source.lastActivity >= this.#maxDelay;
      const isAwaited =
        !source.hasPacket &&
        !source.isBehind &&
        source.failure === undefined &&
        !(hasPausedSource && isQuiet);
      if (isAwaited && isBefore(source.watermark, this.#safeUntil))
        this.#safeUntil = source.watermark;
    }
  }

  holds(packet: Moment): boolean {
    return isBefore(this.#safeUntil, packet) && isBefore(this.#releasedUntil, packet);
  }

  /**
   * Releases those of the packets that have waited long enough, and everything older. Returns false if there are none.
   */
  releaseOverdue(heads: readonly MergeSource[], now: number): boolean {
    let hasOverdue = false;
    for (const head of heads) {
      if (head.queue.arrivedAt + this.#maxDelay > now) continue;
      hasOverdue = true;
      if (isBefore(this.#releasedUntil, head))
        this.#releasedUntil = { seconds: head.seconds, nanoseconds: head.nanoseconds };
    }
    return hasOverdue;
  }

  /** Takes note of a time that a source reported. `newest` is the time of the newest packet written. */
  updateDelay(source: MergeSource, time: Moment, newest: Moment): void {
    const behind =
      (newest.seconds - time.seconds) * 1e3 + (newest.nanoseconds - time.nanoseconds) / 1e6;
    source.isBehind = behind > this.#maxDelay;
  }

  /** Milliseconds from `now` until the first of these packets has waited long enough; undefined for never. */
  nextDeadline(heads: readonly MergeSource[], now: number): number | undefined {
    if (heads.length === 0 || this.#maxDelay === Number.POSITIVE_INFINITY) return undefined;
    const first = Math.min(...heads.map(({ queue }) => queue.arrivedAt));
    return Math.max(0, Math.ceil(first + this.#maxDelay - now));
  }
}
