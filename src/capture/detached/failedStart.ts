import { isDeepStrictEqual } from 'node:util';
import { leaving } from '../../debugger/leftover.ts';
import { explainRefusal } from '../../debugger/refusals.ts';
import { debuggerStatus, waitUntilRunning } from '../../debugger/start.ts';
import type { KubeApi } from '../../kube/api.ts';
import { type EphemeralContainer, type Pod, podPath } from '../../kube/pod.ts';
import { capturesOf, type DetachedCapture } from './captures.ts';
import type { DetachedRequest } from './detachedRequest.ts';
import { removeCapture } from './spoolOf.ts';

/** How long the end of a capture is waited for whose start failed, in milliseconds … */
const UNDO_MS = 20_000;
/** … and when somebody waits for the end of the command. */
const UNDO_INTERRUPTED_MS = 2_500;

/**
 * Ends a capture in a pod whose start failed: nobody would know of it. Gives the error to throw, which says
 * what is left where it could not be ended. To whoever interrupted the start, a note says what became of it.
 */
export async function undoStart(
  api: KubeApi,
  capture: DetachedCapture,
  { image, signal, onNote }: DetachedRequest,
  error: unknown,
): Promise<unknown> {
  const { namespace, name } = capture.pod.metadata;
  const limit = AbortSignal.timeout(signal.aborted ? UNDO_INTERRUPTED_MS : UNDO_MS);
  const isEnded = await end(api, capture, image, limit).catch(() => false);
  const remove = `kubectl netdebug captures rm ${name}/${capture.name} -n ${namespace}`;
  const left = `capture "${capture.name}" may record in the pod, now or later: ${remove}   ends it`;
  if (!signal.aborted) return leaving(explainRefusal(error, namespace), isEnded ? [] : [left]);
  onNote(isEnded ? `capture "${capture.name}" was ended again` : left);
  return error;
}

async function end(
  api: KubeApi,
  capture: DetachedCapture,
  image: string,
  signal: AbortSignal,
): Promise<boolean> {
  const { namespace, name } = capture.pod.metadata;
  const { container } = capture;
  const pod = await api.get<Pod>(podPath(namespace, name), { signal });
  if (debuggerStatus(pod, container)?.state?.terminated) return true;
  // A container that has not started yet cannot be told to end.
  await waitUntilRunning(api, pod, { container, image, signal });
  await removeCapture(api, capture, signal);
  return true;
}

/** The capture that was added to a pod by a request whose answer was lost; undefined when there is none. */
export async function addedUnseen(
  api: KubeApi,
  { metadata: { namespace, name } }: Pod,
  asked: EphemeralContainer | undefined,
): Promise<DetachedCapture | undefined> {
  if (!asked) return undefined;
  const signal = AbortSignal.timeout(UNDO_INTERRUPTED_MS);
  const pod = await api.get<Pod>(podPath(namespace, name), { signal }).catch(() => undefined);
  const added = pod?.spec.ephemeralContainers?.find((one) => one.name === asked.name);
  // Somebody else's may have the same name, but neither its owner nor its time.
  if (!pod || !isDeepStrictEqual(added?.env, asked.env)) return undefined;
  return capturesOf(pod).find(({ container }) => container === asked.name);
}
