import { messageOf, Problem, type ProblemKind } from '../problem.ts';

/** One precondition, and whether it is met. */
export type Check = {
  /** The subject of the check, in a word or two. */
  readonly check: string;
  readonly text: string;
  /** How to fix it, one sentence or command per line. */
  readonly next?: readonly string[];
} & (
  | {
      /** - warning: it works without, but not as well, or it cannot be determined. */
      readonly level: 'ok' | 'warning';
      readonly kind?: undefined;
    }
  | { readonly level: 'fail'; readonly kind: ProblemKind }
);

/** A failed check for an error. */
export function failedCheck(check: string, error: unknown): Check {
  const level = 'fail';
  const text = messageOf(error);
  if (!(error instanceof Problem)) return { check, level, kind: 'failed', text };
  const { kind, next } = error;
  return { check, level, kind, text, ...(next.length > 0 && { next }) };
}
