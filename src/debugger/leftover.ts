import { Problem } from '../problem.ts';

/** Adds to a command's error what the command created and could not remove, one line each. */
export function addLeftovers(error: unknown, left: readonly string[]): unknown {
  if (left.length === 0 || !(error instanceof Problem)) return error;
  const next = [...error.next, ...left];
  return new Problem(error.message, { next, exitCode: error.exitCode, cause: error });
}
