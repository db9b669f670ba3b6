import { isDeepStrictEqual } from 'node:util';
import { addLeftovers } from '../../debugger/leftover.ts';
import { explainRefusal } from '../../debugger/refusals.ts';
import { debuggerStatus, waitUntilRunning } from '../../debugger/start.ts';
import type { KubeApi } from '../../kube/api.ts';
import { type EphemeralContainer, type Pod, podPath } from '../../kube/pod.ts';
import { capturesOf, type DetachedCapture } from './captures.ts';
import { type DetachedRequest, startWindowText } from './detachedRequest.ts';
import { removeCapture } from './detachedSpool.ts';

/** Milliseconds to wait for the end of a capture whose start failed. */
const UNDO_MS = 20_000;
/** The same when the user interrupted the command and waits for its end. */
const UNDO_INTERRUPTED_MS = 2_000;
/** Milliseconds to wait for the final state of the pod. */
const FINAL_CHECK_MS = 500;

/**
 * Ends a capture in a pod after its start failed, because the user would not know about it. Returns the error to throw,
 * which describes what is left if the capture could not be ended. If the user interrupted the start, shows a notice
 * about the result instead.
 */
export async function undoStart(
  api: KubeApi,
  capture: DetachedCapture,
  { image, signal, onNote }: DetachedRequest,
  error: unknown,
): Promise<unknown> {
  const limit = AbortSignal.timeout(signal.aborted ? UNDO_INTERRUPTED_MS : UNDO_MS);
  const state = await endCapture(api, capture, image, limit);
  const leftovers = state === 'ended' ? [] : leftoverText(capture, state);
  if (!signal.aborted) return addLeftovers(explainRefusal(error), leftovers);
  const [text = `capture "${capture.name}" was stopped again`, ...next] = leftovers;
  onNote({ kind: 'start-undone', text, next });
  return error;
}

/** Describes what is left of a capture and how to end it. */
function leftoverText(capture: DetachedCapture, state: 'waiting' | 'unknown'): string[] {
  const { namespace, name } = capture.pod.metadata;
  const remove = `kubectl netdebug captures rm ${name}/${capture.name} -n ${namespace}`;
  return state === 'waiting'
    ? [
        `capture "${capture.name}" is waiting for its container to start in the pod: ${startWindowText(capture)}`,
        `if it starts before that, stop it with: ${remove}`,
      ]
    : [`capture "${capture.name}" may still be recording in the pod; stop it with: ${remove}`];
}

/** Ends the capture if its container starts in time. Returns its state afterwards. */
async function endCapture(
  api: KubeApi,
  capture: DetachedCapture,
  image: string,
  signal: AbortSignal,
): Promise<'ended' | 'waiting' | 'unknown'> {
  const { metadata } = capture.pod;
  const { container } = capture;
  const path = podPath(metadata.namespace, metadata.name);
  try {
    const pod = await api.get<Pod>(path, { signal });
    if (isEnded(pod, container)) return 'ended';
    // A container cannot be stopped before it has started.
    await waitUntilRunning(api, pod, { container, image, signal });
    await removeCapture(api, capture, signal);
    return 'ended';
  } catch {
    const last = AbortSignal.timeout(FINAL_CHECK_MS);
    const pod = await api.get<Pod>(path, { signal: last }).catch(() => undefined);
    if (!pod) return 'unknown';
    if (pod.metadata.uid !== metadata.uid || isEnded(pod, container)) return 'ended';
    return debuggerStatus(pod, container)?.state?.running ? 'unknown' : 'waiting';
  }
}

function isEnded(pod: Pod, container: string): boolean {
  return debuggerStatus(pod, container)?.state?.terminated !== undefined;
}

/** The capture that a request added to a pod although its response was lost; undefined if there is none. */
export async function findAddedCapture(
  api: KubeApi,
  { metadata: { namespace, name } }: Pod,
  requested: EphemeralContainer | undefined,
): Promise<DetachedCapture | undefined> {
  if (!requested) return undefined;
  const signal = AbortSignal.timeout(UNDO_INTERRUPTED_MS);
  const pod = await api.get<Pod>(podPath(namespace, name), { signal }).catch(() => undefined);
  const added = pod?.spec.ephemeralContainers?.find(
    (container) => container.name === requested.name,
  );
  // Another user's capture may have the same name, but not the same owner and time.
  if (!pod || !isDeepStrictEqual(added?.env, requested.env)) return undefined;
  return capturesOf(pod).find(({ container }) => container === requested.name);
}
