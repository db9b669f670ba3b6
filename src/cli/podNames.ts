import type { Pod } from '../kube/pod.ts';

/** What pods are called when they are spoken of together: with the namespace where these are several. */
export function podNames(pods: readonly Pod[]): (pod: Pod) => string {
  const namespaces = new Set(pods.map(({ metadata }) => metadata.namespace));
  return ({ metadata: { name, namespace } }) =>
    namespaces.size > 1 ? `${namespace}/${name}` : name;
}
