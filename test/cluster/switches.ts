import { objectAt, objectsAt } from './apiserver/json.ts';
import { recordEvent } from './controllers/objectEvents.ts';
import { conditions } from './nodes/nodeObject.ts';
import { type KubeObject, now, type Store } from './store.ts';

/**
 * Annotations that control nodes and pods, for tests in other processes and for people:
 *
 * - Node `netdebug.test/restart: ANYTHING`: a new value restarts the node
 * - Node `netdebug.test/not-ready: "true"`: suspends its kubelet, so that the node is NotReady, until it is removed
 * - Node `netdebug.test/storage-period: "0.5"`: seconds between two measurements of pods' disk usage
 * - Pod `netdebug.test/kill-sandbox: ANYTHING`: a new value kills the pod's sandbox
 * - Pod `netdebug.test/pull-seconds: "5"`: images of the pod are pulled again, which takes this many seconds
 */
const PREFIX = 'netdebug.test/';
const RESTART = `${PREFIX}restart`;
const NOT_READY = `${PREFIX}not-ready`;
const STORAGE_PERIOD = `${PREFIX}storage-period`;
export const KILL_SANDBOX = `${PREFIX}kill-sandbox`;
export const PULL_SECONDS = `${PREFIX}pull-seconds`;

/** The same switches for tests in this process. */
export function clusterSwitches(store: Store) {
  let orders = 0;
  const order = () => `order ${++orders} of ${process.pid}`;
  return {
    restartNode: (name: string) => annotate(store, 'nodes', undefined, name, RESTART, order()),
    killSandbox: (namespace: string, pod: string) =>
      annotate(store, 'pods', namespace, pod, KILL_SANDBOX, order()),
    setReady: (node: string, isReady: boolean) =>
      annotate(store, 'nodes', undefined, node, NOT_READY, isReady ? undefined : 'true'),
  };
}

function annotate(
  store: Store,
  resource: string,
  namespace: string | undefined,
  name: string,
  annotation: string,
  value: string | undefined,
): void {
  store.update(resource, namespace, name, (object) => {
    const { [annotation]: _old, ...others } = object.metadata.annotations ?? {};
    object.metadata.annotations = value === undefined ? others : { ...others, [annotation]: value };
    return object;
  });
}

/** The requests in the annotations of one node so far. */
export class NodeSwitches {
  /** Whether the kubelet is suspended. */
  isAway = false;
  /** Seconds. Undefined unless a period was requested. */
  storagePeriod: number | undefined;
  readonly #store: Store;
  readonly #name: string;
  #restarted: string | undefined;

  constructor(store: Store, name: string) {
    this.#store = store;
    this.#name = name;
  }

  /** Reads a new version of the node. Returns what its kubelet has to do now. */
  read(node: KubeObject): 'restart' | 'wake' | undefined {
    const { annotations = {} } = node.metadata;
    const period = Number(annotations[STORAGE_PERIOD]);
    this.storagePeriod = period > 0 ? period : undefined;
    const shallBeAway = annotations[NOT_READY] === 'true';
    if (shallBeAway !== this.isAway) {
      this.isAway = shallBeAway;
      if (!shallBeAway) this.#appear();
      else this.#disappear();
      return shallBeAway ? undefined : 'wake';
    }
    if (annotations[RESTART] === this.#restarted) return undefined;
    this.#restarted = annotations[RESTART];
    if (this.#restarted === undefined) return undefined;
    this.#reboot();
    return 'restart';
  }

  #reboot(): void {
    const bootID = crypto.randomUUID();
    this.#change((node) => {
      const status = objectAt(node.status);
      node.status = { ...status, nodeInfo: { ...objectAt(status.nodeInfo), bootID } };
    });
    this.#tell('kubelet', 'Normal', 'Starting', 'Starting kubelet.');
    const message = `Node ${this.#name} has been rebooted, boot id: ${bootID}`;
    this.#tell('kubelet', 'Warning', 'Rebooted', message);
  }

  /** What the node lifecycle controller does if it has not heard from a kubelet for a while. */
  #disappear(): void {
    const time = now();
    this.#change((node) => {
      const unknown = { status: 'Unknown', reason: 'NodeStatusUnknown', lastTransitionTime: time };
      const message = 'Kubelet stopped posting node status.';
      const all = objectsAt(objectAt(node.status).conditions);
      const next = all.map((condition) => ({ ...condition, ...unknown, message }));
      node.status = { ...objectAt(node.status), conditions: next };
      const taints = ['NoSchedule', 'NoExecute'].map((effect) => ({
        ...{ key: UNREACHABLE, effect, timeAdded: time },
      }));
      node.spec = { ...objectAt(node.spec), taints: [...otherTaints(node), ...taints] };
    });
    this.#tell('node-controller', 'Normal', 'NodeNotReady', this.#statusIs('NodeNotReady'));
    for (const pod of this.#store.list('pods')) {
      if (objectAt(pod.spec).nodeName !== this.#name) continue;
      this.#store.update('pods', pod.metadata.namespace, pod.metadata.name, (object) => {
        const status = objectAt(object.status);
        const next = objectsAt(status.conditions).map((condition) =>
          condition.type === 'Ready'
            ? { ...condition, status: 'False', lastTransitionTime: time }
            : condition,
        );
        return { ...object, status: { ...status, conditions: next } };
      });
      const about = { component: 'node-controller', about: pod, type: 'Warning' as const };
      recordEvent(this.#store, { ...about, reason: 'NodeNotReady', message: 'Node is not ready' });
    }
  }

  #appear(): void {
    this.#change((node) => {
      node.status = { ...objectAt(node.status), conditions: conditions() };
      const taints = otherTaints(node);
      const { taints: _old, ...spec } = objectAt(node.spec);
      node.spec = { ...spec, ...(taints.length > 0 && { taints }) };
    });
    this.#tell('kubelet', 'Normal', 'NodeReady', this.#statusIs('NodeReady'));
  }

  #statusIs(state: string): string {
    return `Node ${this.#name} status is now: ${state}`;
  }

  #change(change: (node: KubeObject) => void): void {
    this.#store.update('nodes', undefined, this.#name, (node) => {
      change(node);
      return node;
    });
  }

  #tell(component: string, type: 'Normal' | 'Warning', reason: string, message: string): void {
    const about = this.#store.get('nodes', undefined, this.#name);
    const host = component === 'kubelet' ? { host: this.#name } : {};
    if (about) recordEvent(this.#store, { component, ...host, about, type, reason, message });
  }
}

const UNREACHABLE = 'node.kubernetes.io/unreachable';

function otherTaints({ spec }: KubeObject) {
  return objectsAt(objectAt(spec).taints).filter(({ key }) => key !== UNREACHABLE);
}
