import { notify } from './console.ts';

/** Prints a notice that some items of a list did not answer, with the first one's reason. */
export function noteUnanswered(items: readonly { readonly unanswered?: string }[]): void {
  const reasons = items.flatMap(({ unanswered }) => unanswered ?? []);
  if (reasons.length === 0) return;
  notify({
    kind: 'incomplete',
    text: `note: ${reasons.length} of ${items.length} did not answer: ${reasons[0]}`,
  });
}
