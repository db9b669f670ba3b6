import { messageOf, Problem, type ProblemKind } from '../problem.ts';

/** One precondition, and whether it holds. */
export interface Check {
  /** What was looked at, in a word or two. */
  readonly check: string;
  /** - warning: it works without, but not as well; or it cannot be known. */
  readonly level: 'ok' | 'warning' | 'fail';
  /** Of the problem, where there is one. */
  readonly kind?: ProblemKind;
  readonly text: string;
  /** What to do about it, a sentence or command a line. */
  readonly next?: readonly string[];
}

/** What an error says, as a check that failed. */
export function failed(check: string, error: unknown): Check {
  const level = 'fail';
  const text = messageOf(error);
  if (!(error instanceof Problem)) return { check, level, text };
  const { kind, next } = error;
  return { check, level, kind, text, ...(next.length > 0 && { next }) };
}
