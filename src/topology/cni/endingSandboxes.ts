import type { PodObject } from '../model/apiObjects.ts';
import type { NodeFacts } from '../model/nodeFacts.ts';

/**
 * Ids of sandboxes whose pods are being deleted. The runtime ends a sandbox before the CNI plugins release its namespace
 * and addresses, so for a while these have no owner although nothing was left behind.
 */
export function endingSandboxes(node: NodeFacts, pods: readonly PodObject[] = []): Set<string> {
  const ending = pods.filter(({ terminating }) => terminating);
  return new Set(
    (node.cni?.results ?? []).flatMap(({ containerId, podUid, podName, podNamespace }) => {
      const isEnding = ending.some(({ uid, name, namespace }) =>
        podUid === undefined ? name === podName && namespace === podNamespace : uid === podUid,
      );
      return isEnding && containerId !== undefined ? [containerId] : [];
    }),
  );
}
