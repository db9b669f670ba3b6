import { messageOf, Problem, type ProblemKind } from '../problem.ts';

/** One precondition, and whether it is met. */
export interface Check {
  /** The subject of the check, in a word or two. */
  readonly check: string;
  /** - warning: it works without, but not as well, or it cannot be determined. */
  readonly level: 'ok' | 'warning' | 'fail';
  /** The kind of problem, if there is one. */
  readonly kind?: ProblemKind;
  readonly text: string;
  /** How to fix it, one sentence or command per line. */
  readonly next?: readonly string[];
}

/** A failed check for an error. */
export function failedCheck(check: string, error: unknown): Check {
  const level = 'fail';
  const text = messageOf(error);
  if (!(error instanceof Problem)) return { check, level, text };
  const { kind, next } = error;
  return { check, level, kind, text, ...(next.length > 0 && { next }) };
}
