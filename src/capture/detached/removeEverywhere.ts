import type { KubeApi } from '../../kube/api.ts';
import type { DetachedCapture } from './captures.ts';
import { removeCapture } from './spoolOf.ts';
import { refuseWithoutSpool, whereSpoolIs } from './whereSpoolIs.ts';

/**
 * Ends a capture and deletes its files, wherever its spool is. Returns the result as text for the user. Calls `onAsked`
 * when only the report of the container's end is missing. Throws a Problem.
 */
export async function removeEverywhere(
  api: KubeApi,
  capture: DetachedCapture,
  signal: AbortSignal,
  onProgress: (text: string) => void,
  onAsked: () => void = () => {},
): Promise<string> {
  const { name, state, volume, target, onNode } = capture;
  if (state.kind === 'starting' && !onNode) refuseWithoutSpool(capture);
  if (onNode) await removeCapture(api, capture, signal);
  else if (state.kind === 'running' || (state.kind === 'lost' && volume !== undefined)) {
    const place = await whereSpoolIs(api, capture, { signal, onProgress });
    await removeCapture(api, capture, signal, { place, onAsked });
  }
  const subject = target.startsWith('node/') ? target : `pod ${target}`;
  return state.kind === 'lost' && volume === undefined && !onNode
    ? `capture "${name}" of ${subject} is already lost: there is nothing to remove`
    : `capture "${name}" of ${subject} removed`;
}
