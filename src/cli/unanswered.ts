import { note } from './console.ts';

/** Prints a notice that some of a list did not answer, with the reason of the first. */
export function noteUnanswered(all: readonly { readonly unanswered?: string }[]): void {
  const reasons = all.flatMap(({ unanswered }) => unanswered ?? []);
  if (reasons.length === 0) return;
  note(`note: ${reasons.length} of ${all.length} did not answer: ${reasons[0]}`);
}
