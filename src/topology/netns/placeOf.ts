import { Problem } from '../../problem.ts';
import type { Place, Topology } from '../topology.ts';

/** Finds the namespace of a pod. Throws a Problem that says why there is none. */
export function placeOf(
  topology: Topology,
  { namespace, name, uid, node: nodeName }: PodReference,
): Place {
  const pod = topology.facts.objects.pods?.find((candidate) => candidate.uid === uid);
  const place = pod && topology.placeOfPod(pod);
  if (place) return place;
  // Without the right to list pods, the UID is still known, and the plugins' cache has the name.
  const node = topology.node(nodeName);
  const network = node?.namespaces.find(
    ({ owner }) =>
      owner.kind === 'pod' &&
      (owner.uid === uid || (owner.name === name && owner.namespace === namespace)),
  );
  if (node && network) return { node, network };
  throw new Problem(`no network namespace of pod "${name}" was found on node "${nodeName}"`, {
    kind: 'not-found',
    next: [
      'its containers may have ended just now: run the command again',
      'runtimes that run pods in virtual machines have no processes of the pods on the node',
    ],
  });
}

interface PodReference {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly node: string;
}
