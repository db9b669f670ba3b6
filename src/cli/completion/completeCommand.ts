import { answerText } from './answer.ts';
import { complete } from './complete.ts';
import type { CompletionTable } from './table.ts';

/** A shell waits with the user for the answer; a cluster that takes longer than this is away. */
const LIMIT_MS = 1000;

/**
 * Answers `__complete ARGS… WORD` as cobra's programs do: candidates, and a directive in the last
 * line. Never fails and never complains, because that would appear in the middle of the line.
 */
export async function completeCommand(args: readonly string[]): Promise<string> {
  const { completionTable } = await import('./builtTable.ts');
  const table = JSON.parse(completionTable) as CompletionTable;
  const signal = AbortSignal.timeout(LIMIT_MS);
  const sources = async () => (await import('./sources.ts')).clusterSources(signal);
  return answerText(await complete(table, args, sources));
}
