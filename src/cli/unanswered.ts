import { terminalSafe } from '../output/terminalSafe.ts';

/** Says, beside a list, why some in it could not be asked what goes on in them; one reason is enough. */
export function noteUnanswered(all: readonly { readonly unanswered?: string }[]): void {
  const reasons = all.flatMap(({ unanswered }) => unanswered ?? []);
  if (reasons.length === 0) return;
  const text = `note: ${reasons.length} of ${all.length} could not be asked: ${reasons[0]}`;
  process.stderr.write(`${terminalSafe(text)}\n`);
}
