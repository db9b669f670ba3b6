import { setTimeout as wait } from 'node:timers/promises';
import type { KubeApi } from '../../kube/api.ts';
import { isApiError, isTransient } from '../../kube/apiError.ts';
import { hasFinished, type Pod, podPath, podsPath } from '../../kube/pod.ts';
import { addLeftovers } from '../leftover.ts';
import { explainRefusal } from '../refusals.ts';
import { NODE_SELECTOR, nodePodKind } from './nodePod.ts';

/** How long to try to delete a pod, which ends by itself in any case. */
const DELETE_MS = 5_000;
/** Milliseconds between attempts to delete a pod while the server cannot be reached. */
const RETRY_PAUSE_MS = 500;

/**
 * Deletes one of our pods on nodes; a pod that cannot be deleted ends by itself. Returns whether it was deleted. Never
 * throws.
 */
export async function deleteNodePod(
  api: KubeApi,
  namespace: string,
  name: string,
): Promise<boolean> {
  const signal = AbortSignal.timeout(DELETE_MS);
  for (;;) {
    try {
      await api.delete(podPath(namespace, name), { signal });
      return true;
    } catch (error) {
      if (isApiError(error, 404)) return true;
      if (signal.aborted || !isTransient(error)) return false;
      await wait(RETRY_PAUSE_MS);
    }
  }
}

/**
 * Deletes a pod after a failed start. Returns the error to throw, which mentions the pod if it could not be deleted.
 */
export async function undoNodePod(
  api: KubeApi,
  namespace: string,
  name: string,
  error: unknown,
): Promise<unknown> {
  if (await deleteNodePod(api, namespace, name)) return error;
  return addLeftovers(explainRefusal(error), [
    `pod "${name}" on the node could not be deleted: kubectl delete pod ${name} -n ${namespace}`,
  ]);
}

/**
 * Deletes, in the background, pods on nodes that have ended and were not deleted. Pods of failed captures are kept, so
 * that the failure stays visible.
 */
export function deleteEndedNodePods(api: KubeApi, namespace: string): void {
  const signal = AbortSignal.timeout(DELETE_MS);
  api
    .get<{ items: Pod[] }>(podsPath(namespace), { query: { labelSelector: NODE_SELECTOR }, signal })
    .then(({ items }) => {
      for (const pod of items) {
        const phase = pod.status?.phase;
        const isLost = phase === 'Failed' && nodePodKind(pod) === 'node-capture';
        const hasEnded = !isLost && hasFinished(phase);
        if (hasEnded) void deleteNodePod(api, namespace, pod.metadata.name);
      }
    })
    .catch(() => {});
}
