import type { PointComparison } from '../reading/points/pointComparison.ts';
import type { JoinedPoints } from './model.ts';

interface Step {
  readonly far: number;
  /** How far the clock at the far point is ahead of the clock at the point before it, in microseconds. */
  readonly ahead: number;
}

/** Finds conversations that are one connection seen at several points, and orders them from client to server. */
export function joinedPoints(
  comparisons: readonly PointComparison[],
  rows: ReadonlyMap<number, number>,
): JoinedPoints[] {
  const steps = new Map<number, Step>();
  const reached = new Set<number>();
  for (const { first, connections, clock } of comparisons)
    for (const { near, far } of connections) {
      const sign = near.interfaceIndex === first.index ? 1 : -1;
      const ahead = Math.round((sign * (clock?.offset ?? 0)) / 1e3);
      if (steps.has(near.serial) || reached.has(far.serial)) continue;
      steps.set(near.serial, { far: far.serial, ahead });
      reached.add(far.serial);
    }
  const joined: JoinedPoints[] = [];
  for (const begin of steps.keys()) {
    if (reached.has(begin)) continue;
    const serials = [begin];
    const clocks = [0];
    for (let step = steps.get(begin); step; step = steps.get(step.far)) {
      serials.push(step.far);
      clocks.push((clocks.at(-1) ?? 0) + step.ahead);
    }
    const numbers = serials.map((serial) => rows.get(serial));
    if (numbers.every((number) => number !== undefined)) joined.push({ rows: numbers, clocks });
  }
  return joined;
}
