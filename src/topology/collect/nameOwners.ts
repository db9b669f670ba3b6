import type { PodObject } from '../model/apiObjects.ts';
import type { ClusterFacts } from '../model/clusterFacts.ts';
import type { NamespaceOwner, NetworkNamespace } from '../model/networkNamespace.ts';
import type { NodeFacts } from '../model/nodeFacts.ts';
import { samePath } from '../samePath.ts';

/** The annotation of a mirror pod that holds its static pod's UID, which the kubelet uses. */
const STATIC_UID = 'kubernetes.io/config.hash';

/**
 * Adds pod names to the owners of namespaces. They come from the API server, otherwise from the CNI result cache,
 * which also knows sandboxes without processes.
 */
export function nameOwners(facts: ClusterFacts): ClusterFacts {
  const byUid = new Map<string, PodObject>();
  const byContainer = new Map<string, PodObject>();
  for (const pod of facts.objects.pods ?? []) {
    byUid.set(pod.uid, pod);
    const hash = pod.annotations[STATIC_UID];
    if (hash !== undefined) byUid.set(hash, pod);
    for (const { id } of pod.containers) if (id !== undefined) byContainer.set(id, pod);
  }
  return {
    ...facts,
    nodes: facts.nodes.map((node) => ({
      ...node,
      namespaces: node.namespaces.map((namespace) => {
        const owner = ownerOf(node, namespace, byUid, byContainer);
        return owner === namespace.owner ? namespace : { ...namespace, owner };
      }),
    })),
  };
}

function ownerOf(
  node: NodeFacts,
  namespace: NetworkNamespace,
  byUid: ReadonlyMap<string, PodObject>,
  byContainer: ReadonlyMap<string, PodObject>,
): NamespaceOwner {
  const { owner } = namespace;
  if (owner.kind === 'host') return owner;
  const sandbox =
    owner.kind === 'pod' ? node.sandboxes.find(({ podUid }) => podUid === owner.uid) : undefined;
  const containers = owner.kind === 'container' ? [owner.id] : (sandbox?.containers ?? []);
  const pod =
    (owner.kind === 'pod' && owner.uid !== undefined ? byUid.get(owner.uid) : undefined) ??
    containers.map((id) => byContainer.get(id)).find((candidate) => candidate !== undefined);
  if (pod) return podOwner(owner.kind === 'pod' ? owner.uid : pod.uid, pod.name, pod.namespace);
  const cached = node.cni?.results.find(
    ({ netns, containerId }) =>
      (containerId !== undefined && containers.includes(containerId)) ||
      (netns !== undefined && namespace.mounts.some(({ path }) => samePath(path, netns))),
  );
  if (cached?.podName !== undefined)
    return podOwner(cached.podUid, cached.podName, cached.podNamespace);
  return owner;
}

function podOwner(
  uid: string | undefined,
  name: string,
  namespace: string | undefined,
): NamespaceOwner {
  return {
    kind: 'pod',
    ...(uid !== undefined && { uid }),
    name,
    ...(namespace !== undefined && { namespace }),
  };
}
