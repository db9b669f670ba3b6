import type { KubeApi } from '../../kube/api.ts';
import { type Pod, podPath, podsPath } from '../../kube/pod.ts';
import { NODE_SELECTOR, nodePodKind } from './nodePod.ts';

/** How long the deletion of a pod is waited for that ends by itself anyway. */
const DELETE_MS = 5_000;

/** Deletes a node debugger's pod; one that cannot be reached ends by itself. Never throws. */
export async function deleteNodePod(api: KubeApi, namespace: string, name: string): Promise<void> {
  const signal = AbortSignal.timeout(DELETE_MS);
  await api.delete(podPath(namespace, name), { signal }).catch(() => {});
}

/**
 * Deletes, beside everything else, our pods on nodes that have ended and that nobody deleted. Captures that
 * failed stay, to say so.
 */
export function sweepNodePods(api: KubeApi, namespace: string): void {
  const signal = AbortSignal.timeout(DELETE_MS);
  api
    .get<{ items: Pod[] }>(podsPath(namespace), { query: { labelSelector: NODE_SELECTOR }, signal })
    .then(({ items }) => {
      for (const pod of items) {
        const phase = pod.status?.phase;
        const isLost = phase === 'Failed' && nodePodKind(pod) === 'node-capture';
        const isOver = !isLost && (phase === 'Succeeded' || phase === 'Failed');
        if (isOver) void deleteNodePod(api, namespace, pod.metadata.name);
      }
    })
    .catch(() => {});
}
