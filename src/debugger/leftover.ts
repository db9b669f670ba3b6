import { Problem } from '../problem.ts';

/** The error of a command, and what it made and could not undo, a line each. */
export function leaving(error: unknown, left: readonly string[]): unknown {
  if (left.length === 0 || !(error instanceof Problem)) return error;
  const next = [...error.next, ...left];
  return new Problem(error.message, { next, exitCode: error.exitCode, cause: error });
}
