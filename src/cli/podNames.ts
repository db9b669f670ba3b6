import type { Pod } from '../kube/pod.ts';

/**
 * What pods are called when they are spoken of together: with the namespace where these are several, or
 * where one that joins is of another.
 */
export function podNames(pods: readonly Pod[]): (pod: Pod) => string {
  const namespaces = new Set(pods.map(({ metadata }) => metadata.namespace));
  return ({ metadata: { name, namespace } }) =>
    namespaces.size > 1 || !namespaces.has(namespace) ? `${namespace}/${name}` : name;
}
