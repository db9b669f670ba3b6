import type { KubeApi } from '../../kube/api.ts';
import type { DetachedCapture } from './captures.ts';
import { removeCapture } from './detachedSpool.ts';
import { checkHasSpool, ensureSpoolContainer } from './ensureSpoolContainer.ts';

/**
 * Ends a capture and deletes its files, wherever its spool is. Returns the result as text for the user. Calls `onRequested`
 * when only the report of the container's end is missing. Throws a Problem.
 */
export async function removeDetached(
  api: KubeApi,
  capture: DetachedCapture,
  signal: AbortSignal,
  onProgress: (text: string) => void,
  onRequested: () => void = () => {},
): Promise<string> {
  const { name, state, volume, target, isOnNode } = capture;
  if (state.kind === 'starting' && !isOnNode) checkHasSpool(capture);
  if (isOnNode) await removeCapture(api, capture, signal);
  else if (state.kind === 'running' || (state.kind === 'lost' && volume !== undefined)) {
    const ref = await ensureSpoolContainer(api, capture, { signal, onProgress });
    await removeCapture(api, capture, signal, { ref, onRequested });
  }
  const subject = target.startsWith('node/') ? target : `pod ${target}`;
  if (state.kind === 'removed') return `capture "${name}" of ${subject} was already removed`;
  return state.kind === 'lost' && volume === undefined && !isOnNode
    ? `capture "${name}" of ${subject} is already lost: there is nothing to remove`
    : `capture "${name}" of ${subject} removed`;
}
