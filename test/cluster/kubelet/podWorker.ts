import type { ClusterNode } from '../nodes/node.ts';
import { now, type Store } from '../store.ts';
import { messageOf, type Sandbox } from './containerStarter.ts';
import { EmptyDirs } from './emptyDirs.ts';
import type { NodeImages } from './nodeImages.ts';
import { type Pod, podFrom } from './pod.ts';
import { limitPodCgroup } from './podCgroup.ts';
import { PodContainers } from './podContainers.ts';
import type { PodEvents } from './podEvents.ts';
import { PodFolder } from './podFolder.ts';
import { phaseOf, podStatus } from './podStatus.ts';
import { PodStorage } from './podStorage.ts';
import { sandboxConfig } from './sandboxConfig.ts';
import { Wake } from './wake.ts';

/** What a worker shares with the other workers of its node. */
export interface Surroundings {
  readonly store: Store;
  readonly node: ClusterNode;
  readonly images: NodeImages;
  readonly events: PodEvents;
  /** Control group of the cluster, with a leading slash. */
  readonly cgroup: string;
  /** Aborted when the kubelet closes. */
  readonly closed: AbortSignal;
  /** Whether the kubelet is suspended, so that nothing happens to pods. */
  readonly isAway: () => boolean;
}

/** Why a kubelet ended a pod by itself. */
interface Failure {
  readonly reason: string;
  readonly message: string;
}

const deadlineExceeded: Failure = {
  reason: 'DeadlineExceeded',
  message: 'Pod was active on the node longer than the specified deadline',
};
/** The same as the kubelet's lifecycle.PodOSNotSupported. */
const wrongSystem: Failure = {
  reason: 'PodOSNotSupported',
  message: "Pod was rejected: Failed to admit pod as the OS field doesn't match node OS",
};
/** Milliseconds until a failed turn is tried again. */
const retryDelay = 1_000;
/** Kubernetes' default, in seconds. */
const defaultGrace = 30;
/** The grace period of pods that a kubelet evicts for their disk usage, in seconds. */
const evictionGrace = 1;

/** Manages one pod from its sandbox to its removal, one step at a time. */
export class PodWorker {
  readonly #around: Surroundings;
  readonly #pod: Pod;
  readonly #folder: PodFolder;
  readonly #containers: PodContainers;
  readonly #ended = new Set<string>();
  readonly #wake = new Wake();
  readonly #emptyDirs: EmptyDirs;
  readonly #storage: PodStorage;
  readonly #leaving = new AbortController();
  #turn = new AbortController();
  #isLost = false;
  #eviction: string | undefined;
  readonly #startedAt = Date.now();
  readonly #startTime = now();
  #sandbox: Sandbox | undefined;
  #sandboxes = 0;
  #failure: Failure | undefined;

  constructor(pod: Pod, around: Surroundings) {
    this.#around = around;
    this.#pod = pod;
    this.#folder = new PodFolder(around.node.folder, pod);
    this.#containers = new PodContainers(around, this.#folder);
    this.#emptyDirs = new EmptyDirs(around.node, this.#folder);
    this.#storage = new PodStorage(this.#containers, this.#emptyDirs);
  }

  get sandboxId(): string | undefined {
    return this.#sandbox?.id;
  }

  /** ID of the running container with that name. */
  runningContainer(name: string): string | undefined {
    return this.#containers.runningId(name);
  }

  /** Path of the newest log of the container with that name. */
  logFile(name: string): string | undefined {
    return this.#containers.logFile(name);
  }

  /** Call it when the pod has changed. `isLeaving` is true if it should end. */
  podChanged(isLeaving: boolean): void {
    if (isLeaving) this.#leaving.abort();
    this.#wake.call();
  }

  /** Call it when the node has been restarted. */
  nodeRestarted(): void {
    this.#isLost = true;
    this.wake();
  }

  /** Ends any waiting early. */
  wake(): void {
    this.#turn.abort();
    this.#turn = new AbortController();
    this.#wake.call();
  }

  /** Kills the process that holds the pod's namespaces. */
  async killSandbox(): Promise<void> {
    if (this.#sandbox) await this.#around.node.killTask(this.#sandbox.id);
  }

  /** Evicts the pod if it has written too much. `layers` are the node's writable layers. */
  async checkStorage(layers: ReadonlyMap<string, string>): Promise<void> {
    const pod = this.#read();
    if (!pod || this.#failure || this.#eviction) return;
    this.#eviction = await this.#storage.breach(pod, layers);
    if (this.#eviction) this.wake();
  }

  /** Call it with the ID of a container or sandbox of the node that has ended. */
  hasEnded(id: string): void {
    this.#ended.add(id);
    this.#wake.call();
  }

  /** Resolves when the pod is removed from the node and from the store, or the kubelet has closed. */
  async run(): Promise<void> {
    const { closed, events } = this.#around;
    closed.addEventListener('abort', () => this.#wake.call());
    while (!closed.aborted) {
      const pod = this.#read();
      const isLeaving = !pod || pod.metadata.deletionTimestamp !== undefined;
      const { signal } = this.#turn;
      try {
        if (this.#around.isAway()) {
          await this.#wake.wait(Number.POSITIVE_INFINITY);
          continue;
        }
        if (isLeaving) return await this.#end(pod);
        const nextTurn = await this.#sync(pod);
        await this.#wake.wait(nextTurn - Date.now());
      } catch (error) {
        const wasCutShort = !isLeaving && this.#leaving.signal.aborted;
        if (closed.aborted || wasCutShort || signal.aborted) continue;
        const reason = isLeaving ? 'FailedKillPod' : 'FailedSync';
        events.record(pod ?? this.#pod, 'Warning', reason, `error: ${messageOf(error)}`);
        await this.#wake.wait(retryDelay);
      }
    }
  }

  /** The current pod. Undefined if it is gone, or another pod has its name. */
  #read(): Pod | undefined {
    const { namespace, name, uid } = this.#pod.metadata;
    const object = this.#around.store.get('pods', namespace, name);
    return object?.metadata.uid === uid ? podFrom(object) : undefined;
  }

  /** One turn. Returns the time of the next one if nothing happens before. */
  async #sync(pod: Pod): Promise<number> {
    this.#containers.add(pod);
    await this.#noteEnds(pod);
    if (this.#isLost) await this.#recover(pod);
    const { activeDeadlineSeconds = Number.POSITIVE_INFINITY } = pod.spec;
    const deadline = this.#startedAt + activeDeadlineSeconds * 1000;
    if (!this.#failure && pod.spec.os?.name === 'windows') this.#failure = wrongSystem;
    if (!this.#failure && Date.now() >= deadline) await this.#exceedDeadline(pod);
    if (!this.#failure && this.#eviction) await this.#evict(pod, this.#eviction);
    if (this.#failure || ['Succeeded', 'Failed'].includes(phaseOf(pod, this.#containers.records))) {
      await this.#containers.stop(pod, 0);
      await this.#stopSandbox();
      this.#publish(pod);
      return Number.POSITIVE_INFINITY;
    }
    this.#publish(pod);
    const sandbox = this.#sandbox ?? (await this.#runSandbox(pod));
    const publish = () => this.#publish(pod);
    const signal = AbortSignal.any([
      ...[this.#leaving.signal, this.#around.closed, this.#turn.signal],
    ]);
    const next = await this.#containers.start({ pod, sandbox, publish, signal });
    return Math.min(next, deadline);
  }

  async #noteEnds(pod: Pod): Promise<void> {
    const ended = new Set(this.#ended);
    this.#ended.clear();
    await this.#containers.observe(ended);
    if (!this.#sandbox || !ended.has(this.#sandbox.id)) return;
    // As on a real node, ephemeral containers are not started again in the next sandbox.
    const message = 'Pod sandbox changed, it will be killed and re-created.';
    this.#around.events.record(pod, 'Normal', 'SandboxChanged', message);
    await this.#containers.stop(pod, pod.spec.terminationGracePeriodSeconds ?? defaultGrace);
    await this.#stopSandbox();
    this.#containers.beginAgain();
  }

  /** Updates the records after the node's restart, which nothing has survived. */
  async #recover(pod: Pod): Promise<void> {
    this.#isLost = false;
    if (this.#failure || ['Succeeded', 'Failed'].includes(phaseOf(pod, this.#containers.records)))
      return;
    await this.#containers.lose();
    const message = 'Pod sandbox changed, it will be killed and re-created.';
    this.#around.events.record(pod, 'Normal', 'SandboxChanged', message);
    await this.#stopSandbox();
  }

  async #evict(pod: Pod, message: string): Promise<void> {
    this.#failure = { reason: 'Evicted', message };
    this.#around.events.record(pod, 'Warning', 'Evicted', message);
    await this.#containers.stop(pod, evictionGrace);
  }

  async #exceedDeadline(pod: Pod): Promise<void> {
    this.#failure = deadlineExceeded;
    this.#around.events.record(pod, 'Normal', 'DeadlineExceeded', deadlineExceeded.message);
    await this.#containers.stop(pod, pod.spec.terminationGracePeriodSeconds ?? defaultGrace);
  }

  async #runSandbox(pod: Pod): Promise<Sandbox> {
    const { node, cgroup, events } = this.#around;
    await this.#emptyDirs.prepare(pod);
    const config = sandboxConfig(pod, this.#folder, cgroup, this.#sandboxes);
    const id = await node.cri.runPodSandbox(config).catch((error: unknown) => {
      const message = `Failed to create pod sandbox: ${messageOf(error)}`;
      events.record(pod, 'Warning', 'FailedCreatePodSandBox', message);
      throw error;
    });
    this.#sandboxes += 1;
    await limitPodCgroup(config.linux.cgroupParent, pod);
    const own = await node.cri.podSandboxIps(id);
    this.#sandbox = { id, config, ips: own.length > 0 ? own : node.addresses };
    this.#publish(pod);
    return this.#sandbox;
  }

  async #stopSandbox(): Promise<void> {
    if (this.#sandbox) await this.#around.node.cri.stopPodSandbox(this.#sandbox.id);
    this.#sandbox = undefined;
  }

  /** Ends the pod on the node and in the store. `pod` is undefined if it is already gone there. */
  async #end(pod: Pod | undefined): Promise<void> {
    const { deletionGracePeriodSeconds } = pod?.metadata ?? {};
    // A pod that was removed at once still gets one second.
    const grace = pod ? (deletionGracePeriodSeconds ?? defaultGrace) : 1;
    await this.#containers.stop(pod ?? this.#pod, grace);
    await this.#stopSandbox();
    if (pod) this.#publish(pod);
    const { node, store } = this.#around;
    const { namespace, name, uid } = this.#pod.metadata;
    await node.cri.removePodSandboxes({ 'io.kubernetes.pod.uid': uid });
    await this.#emptyDirs.remove();
    await this.#folder.remove();
    if (this.#read()) store.remove('pods', namespace, name);
  }

  /** Writes the status if it has changed. */
  #publish(pod: Pod): void {
    const current = this.#read();
    if (!current) return;
    const { namespace, name, generation } = pod.metadata;
    const status = podStatus(current, {
      records: this.#containers.records,
      observedGeneration: generation,
      hostIps: this.#around.node.addresses,
      podIps: this.#sandbox?.ips ?? current.status.podIPs?.map(({ ip }) => ip) ?? [],
      hasSandbox: this.#sandbox !== undefined,
      startTime: this.#startTime,
      ...(this.#failure && { failure: this.#failure }),
    });
    if (JSON.stringify(status) === JSON.stringify(current.status)) return;
    this.#around.store.update('pods', namespace, name, (object) => ({ ...object, status }));
  }
}
