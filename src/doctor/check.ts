import { messageOf, Problem } from '../problem.ts';
import { problemMoment } from '../timing.ts';

/** One precondition, and whether it holds. */
export interface Check {
  /** What was looked at, in a word or two. */
  readonly check: string;
  /** - warning: it works without, but not as well; or it cannot be known. */
  readonly level: 'ok' | 'warning' | 'fail';
  readonly text: string;
  /** What to do about it, a sentence or command a line. */
  readonly next?: readonly string[];
}

/** What an error says, as a check that failed. */
export function failed(check: string, error: unknown): Check {
  if (error instanceof Problem) problemMoment(error, check);
  const next = error instanceof Problem ? error.next : [];
  return { check, level: 'fail', text: messageOf(error), ...(next.length > 0 && { next }) };
}
