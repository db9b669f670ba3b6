import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { ClusterNode } from '../nodes/node.ts';
import type { KubeObject, Store } from '../store.ts';
import { KILL_SANDBOX, NodeSwitches } from '../switches.ts';
import type { NodeImages } from './nodeImages.ts';
import { podFrom } from './pod.ts';
import { PodEvents } from './podEvents.ts';
import { PodWorker, type Surroundings } from './podWorker.ts';
import { StaticPods } from './staticPods.ts';

/** containerd 1.6 does not report the end of a container, so it is polled at this interval, in milliseconds. */
const pollInterval = 150;

/** Seconds between two measurements of pods' disk usage. 10 on a real node. */
const storagePeriod = 2;

/** Runs the pods that are assigned to one node. */
export class Kubelet {
  readonly node: ClusterNode;
  readonly #store: Store;
  readonly #around: Surroundings;
  readonly #workers = new Map<string, PodWorker>();
  readonly #closed: AbortController;
  readonly #switches: NodeSwitches;
  readonly #staticPods: StaticPods;
  /** Pod uid -> last request to kill its sandbox. */
  readonly #killed = new Map<string, string>();

  private constructor(around: Surroundings, closed: AbortController, switches: NodeSwitches) {
    this.#closed = closed;
    this.#switches = switches;
    this.node = around.node;
    this.#store = around.store;
    this.#around = around;
    this.#staticPods = new StaticPods(around.store, this.node.name, this.staticPodFolder);
  }

  /** Starts on a ready node. `cgroup` is the cluster's control group. */
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
      isAway: () => kubelet.isAway,
    };
    const kubelet = new Kubelet(around, closed, new NodeSwitches(store, node.name));
    for (const pod of store.list('pods')) kubelet.#notice(pod);
    const unsubscribe = store.subscribe(({ type, resource, object }) => {
      if (resource === 'pods') kubelet.#notice(object, type === 'DELETED');
      if (resource === 'nodes' && object.metadata.name === node.name) kubelet.#obey(object);
    });
    closed.signal.addEventListener('abort', unsubscribe);
    kubelet.#staticPods.start(closed.signal);
    void kubelet.#watchContainers();
    void kubelet.#watchStorage();
    return kubelet;
  }

  /** The folder for manifests of static pods. */
  get staticPodFolder(): string {
    return join(this.node.folder, 'manifests');
  }

  /** Whether the kubelet is suspended. */
  get isAway(): boolean {
    return this.#switches.isAway;
  }

  /** The worker of a pod of this node. */
  worker(namespace: string, pod: string): PodWorker | undefined {
    const uid = this.#store.get('pods', namespace, pod)?.metadata.uid;
    return uid === undefined ? undefined : this.#workers.get(uid);
  }

  /** Stops managing pods. Running containers continue until the node ends. */
  close(): void {
    this.#closed.abort();
  }

  #notice(object: KubeObject, isGone = false): void {
    const pod = podFrom(object);
    const { uid, deletionTimestamp } = pod.metadata;
    const known = this.#workers.get(uid);
    if (known) {
      known.podChanged(isGone || deletionTimestamp !== undefined);
      const order = pod.metadata.annotations?.[KILL_SANDBOX];
      if (order !== undefined && this.#killed.get(uid) !== order) {
        this.#killed.set(uid, order);
        known.killSandbox().catch(() => {}); // It may just have ended by itself.
      }
    } else if (pod.spec.nodeName === this.node.name && !isGone) {
      const { namespace, name, annotations = {} } = pod.metadata;
      if (this.#staticPods.isForged(namespace, name, annotations))
        setImmediate(() => this.#store.remove('pods', namespace, name));
      else void this.#look(uid, object);
    }
  }

  async #look(uid: string, object: KubeObject): Promise<void> {
    const worker = new PodWorker(podFrom(object), this.#around);
    this.#workers.set(uid, worker);
    await worker.run();
    this.#workers.delete(uid);
    this.#killed.delete(uid);
  }

  /** Handles the switches in the node's annotations. */
  #obey(node: KubeObject): void {
    const order = this.#switches.read(node);
    if (order === 'restart') for (const worker of this.#workers.values()) worker.nodeRestarted();
    if (order === 'wake') for (const worker of this.#workers.values()) worker.wake();
  }

  async #watchStorage(): Promise<void> {
    const { signal } = this.#closed;
    while (!signal.aborted) {
      const seconds = this.#switches.storagePeriod ?? storagePeriod;
      await delay(seconds * 1000, undefined, { signal }).catch(() => {});
      if (signal.aborted || this.isAway) continue;
      const layers = await this.node.writableLayers().catch(() => new Map<string, string>());
      for (const worker of this.#workers.values()) await worker.checkStorage(layers);
    }
  }

  async #watchContainers(): Promise<void> {
    const { signal } = this.#closed;
    let known = new Set<string>();
    while (!signal.aborted) {
      if (this.isAway) {
        await delay(pollInterval, undefined, { signal }).catch(() => {});
        continue;
      }
      const ended = await this.node.cri.listEnded().catch(() => known);
      for (const id of ended)
        if (!known.has(id)) for (const worker of this.#workers.values()) worker.hasEnded(id);
      known = ended;
      await delay(pollInterval, undefined, { signal }).catch(() => {});
    }
  }
}
