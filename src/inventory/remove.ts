import { removeCapture } from '../capture/detached/detachedSpool.ts';
import { hasContainerEnded } from '../debugger/containerEnd.ts';
import type { KubeApi } from '../kube/api.ts';
import { ignoreNotFound } from '../kube/apiError.ts';
import { ExecProblem } from '../kube/execStatus.ts';
import { podPath } from '../kube/pod.ts';
import { isContainerMissing, retryUnreachable } from '../kube/retryUnreachable.ts';
import { Problem } from '../problem.ts';
import { type Owned, ownsPod } from './owned.ts';
import { endMainProcess, type Used } from './usage.ts';

/** What to do with a debugger or capture. */
export type Fate =
  /** It is ended or deleted. */
  | { readonly kind: 'remove' }
  /** It is left unchanged. */
  | { readonly kind: 'keep'; readonly why: string }
  /** An ephemeral container that has ended: it cannot be removed from its pod. */
  | { readonly kind: 'rest' };

/**
 * What `cleanup` does with a debugger or capture. Keeps debuggers that are in use, and captures, which still have their
 * files after they end, unless `captures` is set.
 */
export function decideRemoval({ owned, runs, unanswered }: Used, captures: boolean): Fate {
  if (ownsPod(owned)) {
    if (owned.state === 'ended') return { kind: 'remove' };
  } else {
    if (owned.state === 'ended') return { kind: 'rest' };
    if (owned.state === 'starting') return { kind: 'keep', why: 'it is not running yet' };
  }
  if (captures) return { kind: 'remove' };
  if (owned.kind === 'capture') return { kind: 'keep', why: 'a capture' };
  if (unanswered !== undefined)
    return { kind: 'keep', why: `it is unknown what runs in it: ${unanswered}` };
  if (runs && runs.length > 0) return { kind: 'keep', why: `in use: ${runs.join(', ')}` };
  return { kind: 'remove' };
}

/**
 * Ends a debugger or capture. Returns when the API server reports its end. Calls `onRequested` when the node has done its
 * part and only the report is missing. Throws a Problem.
 */
export async function remove(
  api: KubeApi,
  owned: Owned,
  signal: AbortSignal,
  onRequested: () => void = () => {},
): Promise<void> {
  if (owned.kind === 'node-debugger') {
    const { namespace, name } = owned.pod.metadata;
    await api.delete(podPath(namespace, name), { signal }).catch(ignoreNotFound);
    return;
  }
  if (owned.capture) {
    await removeCapture(api, owned.capture, signal, { onRequested });
    return;
  }
  await retryUnreachable(() => endMainProcess(api, owned, signal), signal).catch(
    (error: unknown) => {
      signal.throwIfAborted();
      // The container ends with its main process, and ends our command in it too; or it had already ended.
      if (!(error instanceof ExecProblem || isContainerMissing(error))) throw error;
    },
  );
  onRequested();
  if (!(await hasContainerEnded(api, owned.pod, owned.container, signal)))
    throw new Problem('it cannot be ended', {
      kind: 'command-failed',
      next: ['run the same command again'],
    });
}
