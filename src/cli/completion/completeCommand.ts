import { answerText } from './answer.ts';
import { complete } from './complete.ts';
import { readTable } from './tableText.ts';

/** The shell and the user wait for the answer. A slower cluster counts as unreachable. */
const TIMEOUT_MS = 1000;

/**
 * Answers `__complete ARGS… WORD` as programs with cobra do: candidates, and a directive in the last line. It never
 * fails and never prints errors, because they would appear in the middle of the command line.
 */
export async function completeCommand(args: readonly string[]): Promise<string> {
  const { completionTable } = await import('./builtTable.ts');
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  const sources = async () => (await import('./sources.ts')).clusterSources(signal);
  return answerText(await complete(readTable(completionTable), args, sources));
}
