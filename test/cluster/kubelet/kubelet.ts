import { setTimeout as delay } from 'node:timers/promises';
import type { ClusterNode } from '../nodes/node.ts';
import type { KubeObject, Store } from '../store.ts';
import type { NodeImages } from './nodeImages.ts';
import { podFrom } from './pod.ts';
import { PodEvents } from './podEvents.ts';
import { PodWorker, type Surroundings } from './podWorker.ts';

/** containerd 1.6 tells nobody when a container ends, so it is asked this often, in milliseconds. */
const pollInterval = 150;

/** Runs the pods that are assigned to one node. */
export class Kubelet {
  readonly node: ClusterNode;
  readonly #store: Store;
  readonly #around: Surroundings;
  readonly #workers = new Map<string, PodWorker>();
  readonly #closed: AbortController;

  private constructor(around: Surroundings, closed: AbortController) {
    this.#closed = closed;
    this.node = around.node;
    this.#store = around.store;
    this.#around = around;
  }

  /** Starts on a node that is ready; `cgroup` is the cluster's control group. */
  static start(store: Store, node: ClusterNode, images: NodeImages, cgroup: string): Kubelet {
    const events = new PodEvents(store, node.name);
    const closed = new AbortController();
    const around = {
      store,
      node,
      images,
      events,
      cgroup,
      closed: closed.signal,
    };
    const kubelet = new Kubelet(around, closed);
    for (const pod of store.list('pods')) kubelet.#notice(pod);
    const unsubscribe = store.subscribe(({ type, resource, object }) => {
      if (resource === 'pods') kubelet.#notice(object, type === 'DELETED');
    });
    closed.signal.addEventListener('abort', unsubscribe);
    void kubelet.#watchContainers();
    return kubelet;
  }

  /** The worker of a pod of this node. */
  worker(namespace: string, pod: string): PodWorker | undefined {
    const uid = this.#store.get('pods', namespace, pod)?.metadata.uid;
    return uid === undefined ? undefined : this.#workers.get(uid);
  }

  /** Stops looking after pods; what runs goes on until the node ends. */
  close(): void {
    this.#closed.abort();
  }

  #notice(object: KubeObject, isGone = false): void {
    const pod = podFrom(object);
    const { uid, deletionTimestamp } = pod.metadata;
    const known = this.#workers.get(uid);
    if (known) known.podChanged(isGone || deletionTimestamp !== undefined);
    else if (pod.spec.nodeName === this.node.name && !isGone) void this.#look(uid, object);
  }

  async #look(uid: string, object: KubeObject): Promise<void> {
    const worker = new PodWorker(podFrom(object), this.#around);
    this.#workers.set(uid, worker);
    await worker.run();
    this.#workers.delete(uid);
  }

  async #watchContainers(): Promise<void> {
    const { signal } = this.#closed;
    let known = new Set<string>();
    while (!signal.aborted) {
      const ended = await this.node.cri.listEnded().catch(() => known);
      for (const id of ended)
        if (!known.has(id)) for (const worker of this.#workers.values()) worker.hasEnded(id);
      known = ended;
      await delay(pollInterval, undefined, { signal }).catch(() => {});
    }
  }
}
