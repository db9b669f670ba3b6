import { text } from 'node:stream/consumers';
import { runProgram } from '../debugger/runProgram.ts';
import { startShortCommand } from '../debugger/shortCommand.ts';
import { StartSlots } from '../debugger/startSlots.ts';
import type { KubeApi } from '../kube/api.ts';
import { countText } from '../output/quantities.ts';
import { messageOf } from '../problem.ts';
import lookScript from './look.sh';
import { nodeOfOwned, type Owned } from './owned.ts';

/** A debugger or capture, and the programs in it if known. */
export interface Used {
  readonly owned: Owned;
  /** Programs running in it. Empty if it is idle. */
  readonly runs?: readonly string[];
  /** Why it could not be queried. */
  readonly unanswered?: string;
}

/** Containers that take longer to answer are not waited for. */
const ANSWER_MS = 10_000;
/** Programs that belong to netdebug's scripts, or to a debugger's main process. */
const OWN_PROGRAMS = new Set(['sh', 'dash', 'ash', 'busybox', 'sleep', 'cat']);

/**
 * Asks each running container which programs run in it, several at a time. The recorder of a capture does not count as
 * one of them. `onProgress` receives the number of containers that have answered.
 */
export async function usageOf(
  api: KubeApi,
  all: readonly Owned[],
  signal: AbortSignal,
  onProgress: (text: string) => void = () => {},
): Promise<Used[]> {
  const runningCount = all.filter(({ state }) => state === 'running').length;
  let answered = 0;
  const reportProgress = () =>
    onProgress(
      `checking what runs in ${countText(runningCount, 'container')}: ${answered} answered`,
    );
  if (runningCount > 0) reportProgress();
  // Each query is an exec.
  return StartSlots.forQueries().map(all, nodeOfOwned, async (owned) => {
    if (owned.state !== 'running') return { owned };
    const limit = AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MS)]);
    try {
      const output = await runLookScript(api, owned, [], limit);
      const words = output.split('\n').filter((word) => word !== '' && !word.startsWith('main '));
      const runs = [...new Set(words.filter((word) => !OWN_PROGRAMS.has(word)))].sort();
      return { owned, runs };
    } catch (error) {
      signal.throwIfAborted();
      return { owned, unanswered: limit.aborted ? 'no answer' : messageOf(error) };
    } finally {
      answered += 1;
      reportProgress();
    }
  });
}

/** Asks the main process of a container to end, as it does by itself after an idle time. */
export async function endMainProcess(
  api: KubeApi,
  owned: Owned,
  signal: AbortSignal,
): Promise<void> {
  // The container ends before the answer arrives.
  await runLookScript(api, owned, ['end'], signal);
}

async function runLookScript(
  api: KubeApi,
  { pod: { metadata }, container, profile }: Owned,
  words: readonly string[],
  signal: AbortSignal,
): Promise<string> {
  const ref = { namespace: metadata.namespace, pod: metadata.name, container };
  if (profile !== 'processes') {
    const program = { script: lookScript, command: words };
    return (await runProgram(api.access, ref, program, { signal })).stdout.toString();
  }
  const runningCount = await startShortCommand(
    api.access,
    { ...ref, kind: 'ephemeral' },
    profile,
    ['sh', '-c', lookScript, 'netdebug', ...words],
    signal,
  );
  try {
    runningCount.stderr.resume();
    const [output] = await Promise.all([text(runningCount.stdout), runningCount.exit]);
    return output;
  } finally {
    runningCount.close();
  }
}
