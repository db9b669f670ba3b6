import type { PodObject } from '../model/apiObjects.ts';
import type { NodeFacts } from '../model/nodeFacts.ts';

/**
 * The sandbox ids of pods that are being deleted. The runtime stops a sandbox before the CNI plugins release its
 * namespace and addresses. Until then, these have no owner but are not leaked.
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
