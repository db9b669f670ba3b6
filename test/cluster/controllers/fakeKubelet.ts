import { objectAt, objectsAt } from '../apiserver/json.ts';
import { type KubeObject, now, type Store } from '../store.ts';

/**
 * Simulates the effects of a kubelet that controllers see, without containers: pods with a node run and are ready
 * (except those with the label `unready`), and pods marked for deletion are removed. Returns the function that ends it.
 */
export function startFakeKubelet(store: Store): () => void {
  let address = 0;
  const run = (pod: KubeObject) => {
    const { namespace, name, deletionTimestamp } = pod.metadata;
    if (deletionTimestamp !== undefined) {
      store.remove('pods', namespace, name);
      return;
    }
    if (!objectAt(pod.spec).nodeName || objectAt(pod.status).phase !== 'Pending') return;
    address += 1;
    const podIP = `10.244.7.${address}`;
    setPod(store, pod, pod.metadata.labels?.unready === undefined ? 'Running' : 'Unready', podIP);
  };
  const unsubscribe = store.subscribe(({ type, resource, object }) => {
    if (resource === 'pods' && type !== 'DELETED') run(object);
  });
  return unsubscribe;
}

/** Writes a pod's status. */
export function setPod(
  store: Store,
  { metadata }: KubeObject,
  state: 'Running' | 'Unready' | 'Succeeded' | 'Failed',
  podIP?: string,
): void {
  const isReady = state === 'Running';
  store.update('pods', metadata.namespace, metadata.name, (pod) => ({
    ...pod,
    status: {
      ...objectAt(pod.status),
      phase: state === 'Unready' ? 'Running' : state,
      conditions: [
        { type: 'Ready', status: isReady ? 'True' : 'False', lastTransitionTime: now() },
        ...objectsAt(objectAt(pod.status).conditions).filter(({ type }) => type !== 'Ready'),
      ],
      ...(podIP !== undefined && { podIP }),
    },
  }));
}
