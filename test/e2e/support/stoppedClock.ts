import { join } from 'node:path';
import { expect } from 'vitest';
import type { Finished } from './process.ts';

/**
 * The environment in which timers of 1.5 s or longer never fire after Ctrl-C. A command that then waits for a fixed
 * time never ends, however fast or slow the machine is.
 */
export const STOPPED_CLOCK = {
  NODE_OPTIONS: `--require=${join(import.meta.dirname, 'stoppedClock.cjs')}`,
};

/** Checks that the clock of a command has stopped. */
export function expectStoppedClock({ stderr }: Finished): void {
  expect(stderr).toContain('the clock has stopped\n');
}
