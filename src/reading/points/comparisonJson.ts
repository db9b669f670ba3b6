import type { CaptureInterface } from '../captureInterface.ts';
import { inMilliseconds } from '../timeText.ts';
import type { DirectionComparison, PointComparison } from './pointComparison.ts';

/** The comparison of two points in the format of docs/summary.md. */
export function comparisonFacts(comparison: PointComparison) {
  const { first, second, joined, translated, clock, isPartial } = comparison;
  return {
    points: [first.label, second.label],
    joined,
    translated,
    ...(clock && {
      clockOffsetMs: inMilliseconds(clock.offset),
      clockUncertaintyMs: inMilliseconds(clock.uncertainty),
    }),
    ...(first !== second && {
      ways: [
        directionFacts(first, second, comparison.toSecond),
        directionFacts(second, first, comparison.toFirst),
      ],
    }),
    ...(isPartial && { partial: true }),
  };
}

function directionFacts(
  from: CaptureInterface,
  to: CaptureInterface,
  direction: DirectionComparison,
) {
  const { packets, lost, unseen, note } = direction;
  return {
    from: from.label,
    to: to.label,
    packets,
    lost,
    ...(lost > 0 && { lostPackets: note.packets }),
    ...(unseen > 0 && { unseen }),
  };
}

/**
 * Numbers connections: maps the serial number of each conversation to a number that is the same at all points that saw
 * the connection.
 */
export function connectionNumbers(
  comparisons: readonly PointComparison[],
): ReadonlyMap<number, number> {
  const numbers = new Map<number, number>();
  let last = 0;
  for (const { connections } of comparisons)
    for (const { near, far } of connections) {
      let number = numbers.get(near.serial) ?? numbers.get(far.serial);
      if (number === undefined) {
        last += 1;
        number = last;
      }
      numbers.set(near.serial, number);
      numbers.set(far.serial, number);
    }
  return numbers;
}
