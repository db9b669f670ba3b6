import { setTimeout as wait } from 'node:timers/promises';
import { print } from '../output/standardOutput.ts';
import type { FactsPool } from '../topology/collect/factsPool.ts';
import { type PathCounters, readPathCounters } from '../topology/probe/pathCounters.ts';
import { renderCounters } from '../topology/probe/renderCounters.ts';
import type { PathTrace } from '../topology/trace/tracePath.ts';

const INTERVAL_MS = 2_000;

/** Prints the counters of a path, and how they change, until the signal. */
export async function watchPath(
  trace: PathTrace,
  pool: FactsPool,
  signal: AbortSignal,
): Promise<void> {
  let before: PathCounters | undefined;
  try {
    while (!signal.aborted) {
      const now = await readPathCounters(pool, trace);
      await print(['\n', ...renderCounters(now, before)]);
      before = now;
      await wait(INTERVAL_MS, undefined, { signal });
    }
  } catch (error) {
    // Ctrl-C is the normal end.
    if (!signal.aborted) throw error;
  }
}
