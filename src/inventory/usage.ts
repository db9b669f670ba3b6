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
const PLUMBING = new Set(['sh', 'dash', 'ash', 'busybox', 'sleep', 'cat']);

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
  const asked = all.filter(({ state }) => state === 'running').length;
  let answered = 0;
  const tell = () =>
    onProgress(`checking what runs in ${countText(asked, 'container')}: ${answered} answered`);
  if (asked > 0) tell();
  // Each query is an exec.
  return StartSlots.forQuestions().map(all, nodeOfOwned, async (owned) => {
    if (owned.state !== 'running') return { owned };
    const limit = AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MS)]);
    try {
      const said = await look(api, owned, [], limit);
      const words = said.split('\n').filter((word) => word !== '' && !word.startsWith('main '));
      const runs = [...new Set(words.filter((word) => !PLUMBING.has(word)))].sort();
      return { owned, runs };
    } catch (error) {
      signal.throwIfAborted();
      return { owned, unanswered: limit.aborted ? 'no answer' : messageOf(error) };
    } finally {
      answered += 1;
      tell();
    }
  });
}

/** Asks the main process of a container to end, as it does by itself after an idle time. */
export async function endMain(api: KubeApi, owned: Owned, signal: AbortSignal): Promise<void> {
  // The container ends before the answer arrives.
  await look(api, owned, ['end'], signal);
}

async function look(
  api: KubeApi,
  { pod: { metadata }, container, profile }: Owned,
  words: readonly string[],
  signal: AbortSignal,
): Promise<string> {
  const place = { namespace: metadata.namespace, pod: metadata.name, container };
  if (profile !== 'processes') {
    const program = { script: lookScript, command: words };
    return (await runProgram(api.access, place, program, { signal })).stdout.toString();
  }
  const asked = await startShortCommand(
    api.access,
    { ...place, kind: 'ephemeral' },
    profile,
    ['sh', '-c', lookScript, 'netdebug', ...words],
    signal,
  );
  try {
    asked.stderr.resume();
    const [said] = await Promise.all([text(asked.stdout), asked.exit]);
    return said;
  } finally {
    asked.close();
  }
}
