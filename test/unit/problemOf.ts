import { Problem } from '../../src/problem.ts';

/** The Problem that an action throws; fails if the action throws none. */
export function problemOf(act: () => unknown): Problem {
  try {
    act();
  } catch (error) {
    if (error instanceof Problem) return error;
    throw error;
  }
  throw new Error('no Problem was thrown');
}
