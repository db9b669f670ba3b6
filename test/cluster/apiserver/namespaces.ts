import { type KubeObject, now, type Store } from '../store.ts';
import type { Cluster, ResourceRequest } from './context.ts';
import { objectAt } from './json.ts';
import { removePod } from './pods.ts';
import { RESOURCES } from './resources.ts';
import { ApiError, notFound, qualifiedName } from './status.ts';
import type { Strategy } from './strategy.ts';

const NAMESPACES = { group: '', resource: 'namespaces' };

export const namespaces: Strategy = {
  prepareCreate(_request, namespace) {
    const { name } = namespace.metadata;
    namespace.metadata.labels = {
      ...namespace.metadata.labels,
      'kubernetes.io/metadata.name': name,
    };
    namespace.spec = { finalizers: ['kubernetes'] };
    namespace.status = { phase: 'Active' };
  },

  remove({ cluster }, namespace) {
    const { name } = namespace.metadata;
    const marked = cluster.store.update('namespaces', undefined, name, (object) => {
      object.metadata.deletionTimestamp ??= now();
      object.status = { ...objectAt(object.status), phase: 'Terminating' };
      return object;
    });
    emptyNamespace(cluster, name);
    return marked ?? namespace;
  },
};

/** Refuses, with 404 or 403, to create an object in a namespace that does not exist or is terminating. */
export function refuseInNamespace({ cluster, kind, route }: ResourceRequest, name: string): void {
  if (!kind.namespaced) return;
  const namespace = cluster.store.get('namespaces', undefined, route.namespace);
  if (!namespace) throw notFound(NAMESPACES, route.namespace);
  if (!isTerminating(namespace)) return;
  const of = qualifiedName(kind);
  const message = `${of} "${name}" is forbidden: unable to create new content in namespace ${route.namespace} because it is being terminated`;
  throw new ApiError(403, 'Forbidden', message, {
    name,
    ...(kind.group && { group: kind.group }),
    kind: kind.resource,
    causes: [
      {
        reason: 'NamespaceTerminating',
        message: `namespace ${route.namespace} is being terminated`,
        field: 'metadata.namespace',
      },
    ],
  });
}

/** Creates the service account of every namespace, and removes terminating namespaces once they are empty. */
export function keepNamespaces(cluster: Cluster): () => void {
  const { store } = cluster;
  for (const namespace of store.list('namespaces')) furnish(cluster, namespace.metadata.name);
  return store.subscribe(({ type, resource, object }) => {
    const { name, namespace } = object.metadata;
    if (resource === 'namespaces' && type === 'ADDED') furnish(cluster, name);
    else if (resource === 'pods' && type === 'DELETED') finish(store, namespace ?? '');
  });
}

function furnish({ store }: Cluster, namespace: string): void {
  store.create('serviceaccounts', {
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: { name: 'default', namespace },
  });
}

function emptyNamespace(cluster: Cluster, name: string): void {
  for (const pod of cluster.store.list('pods', name)) {
    removePod(cluster, pod, { gracePeriodSeconds: undefined });
  }
  finish(cluster.store, name);
}

// Only pods take time to end. The kubelet's last events must not keep the namespace.
function finish(store: Store, name: string): void {
  const namespace = store.get('namespaces', undefined, name);
  if (!namespace || !isTerminating(namespace) || store.list('pods', name).length > 0) return;
  store.remove('namespaces', undefined, name);
  for (const kind of RESOURCES.filter(({ namespaced }) => namespaced)) {
    const resource = qualifiedName(kind);
    for (const object of store.list(resource, name)) {
      store.remove(resource, name, object.metadata.name);
    }
  }
}

function isTerminating(namespace: KubeObject): boolean {
  return namespace.metadata.deletionTimestamp !== undefined;
}
