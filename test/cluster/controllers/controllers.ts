import { isDeepStrictEqual } from 'node:util';
import { objectAt } from '../apiserver/json.ts';
import { quotaStatus } from '../apiserver/resourceQuotas.ts';
import type { KubeObject, Store, StoreEvent } from '../store.ts';
import { type Controller, tell, type World, writeStatus } from './controller.ts';
import { cronJobs } from './cronJobs.ts';
import { daemonSets } from './daemonSets.ts';
import { deployments } from './deployments.ts';
import { endpointSlices } from './endpointSlices.ts';
import { collectGarbage } from './garbage.ts';
import { jobs } from './jobs.ts';
import { controllerOf, Mirror } from './mirror.ts';
import { replicaSets } from './replicaSets.ts';
import { statefulSets } from './statefulSets.ts';

const quotas: Controller = {
  resource: 'resourcequotas',
  reconcile(world, quota) {
    const { namespace = '' } = quota.metadata;
    writeStatus(world, 'resourcequotas', quota, quotaStatus(world.store, namespace, quota));
    return undefined;
  },
};

const CONTROLLERS: readonly Controller[] = [
  ...[deployments, replicaSets, statefulSets, daemonSets, jobs, cronJobs],
  ...[endpointSlices, quotas],
];

/** Kinds whose objects name owners, or that decide what is to be. */
const MIRRORED = [
  ...CONTROLLERS.map(({ resource }) => resource),
  ...['pods', 'nodes', 'namespaces', 'endpoints', 'endpointslices.discovery.k8s.io'],
];

/** How an owner's kind is called as a resource of one of the controllers. */
const RESOURCES_BY_KIND: Readonly<Record<string, string>> = {
  CronJob: 'cronjobs.batch',
  DaemonSet: 'daemonsets.apps',
  Deployment: 'deployments.apps',
  Job: 'jobs.batch',
  ReplicaSet: 'replicasets.apps',
  Service: 'services',
  StatefulSet: 'statefulsets.apps',
};

/** Starts what makes workloads and services work; gives the function that ends it. */
export function startControllers(store: Store): () => void {
  const world: World = { store, mirror: new Mirror(store, MIRRORED) };
  const queue = new Queue(world);
  for (const resource of CONTROLLERS.map((one) => one.resource))
    for (const object of world.mirror.list(resource)) queue.add(resource, object);
  const unsubscribe = store.subscribe((event) => notice(world, queue, event));
  return () => {
    unsubscribe();
    queue.close();
  };
}

/** Finds out what a change concerns. */
function notice(world: World, queue: Queue, { type, resource, object }: StoreEvent): void {
  const { mirror } = world;
  if (type !== 'MODIFIED') queue.addCounters(resource, object);
  if (!MIRRORED.includes(resource)) return;
  const before = type === 'DELETED' ? mirror.take(resource, object) : mirror.put(resource, object);
  if (type === 'DELETED') setImmediate(() => queue.run(() => collectGarbage(world, object)));
  else queue.add(resource, object);
  for (const version of [before, object]) {
    const owner = version && controllerOf(version);
    const of = owner && RESOURCES_BY_KIND[owner.kind];
    const found = of && mirror.get(of, object.metadata.namespace, owner.name);
    if (found) queue.add(of, found);
  }
  const { namespace } = object.metadata;
  if (resource === 'pods') {
    if (!controllerOf(object)) queue.addAll('replicasets.apps', namespace);
    if (!before || hasOtherEndpoint(before, object) || type === 'DELETED')
      queue.addAll('services', namespace);
  }
  if (
    resource === 'nodes' &&
    (type !== 'MODIFIED' || !isDeepStrictEqual(before?.spec, object.spec))
  )
    queue.addAll('daemonsets.apps');
  if (resource === 'pods' && objectAt(before?.status).phase !== objectAt(object.status).phase)
    queue.addCounters(resource, object);
}

function hasOtherEndpoint(before: KubeObject, after: KubeObject): boolean {
  return !(
    isDeepStrictEqual(before.status, after.status) &&
    isDeepStrictEqual(before.metadata.labels, after.metadata.labels) &&
    before.metadata.deletionTimestamp === after.metadata.deletionTimestamp
  );
}

/** Objects to look at, each once however much has happened to it. */
class Queue {
  readonly #world: World;
  readonly #due = new Map<
    string,
    { resource: string; namespace: string | undefined; name: string }
  >();
  readonly #timers = new Map<string, NodeJS.Timeout>();
  #closed = false;
  #scheduled = false;

  constructor(world: World) {
    this.#world = world;
  }

  add(resource: string, { metadata: { namespace, name } }: KubeObject): void {
    const controller = CONTROLLERS.find((one) => one.resource === resource);
    if (!controller || this.#closed) return;
    this.#due.set(`${resource} ${namespace}/${name}`, { resource, namespace, name });
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => this.#drain());
  }

  addAll(resource: string, namespace?: string): void {
    for (const object of this.#world.mirror.list(resource, namespace)) this.add(resource, object);
  }

  /** The quotas that may count an object. */
  addCounters(resource: string, { metadata }: KubeObject): void {
    if (resource !== 'events') this.addAll('resourcequotas', metadata.namespace ?? '');
  }

  /** Does something unless it is too late. */
  run(action: () => void): void {
    if (!this.#closed) action();
  }

  close(): void {
    this.#closed = true;
    for (const timer of this.#timers.values()) clearTimeout(timer);
  }

  #drain(): void {
    this.#scheduled = false;
    const due = [...this.#due];
    this.#due.clear();
    for (const [key, { resource, namespace, name }] of due) {
      if (this.#closed) return;
      const object = this.#world.mirror.get(resource, namespace, name);
      if (object && !this.#isGoing(namespace)) this.#look(key, resource, object);
    }
  }

  #look(key: string, resource: string, object: KubeObject): void {
    clearTimeout(this.#timers.get(key));
    this.#timers.delete(key);
    const controller = CONTROLLERS.find((one) => one.resource === resource);
    let again: number | undefined;
    try {
      again = controller?.reconcile(this.#world, object);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      tell(
        this.#world,
        `${object.kind.toLowerCase()}-controller`,
        object,
        'Warning',
        'SyncError',
        why,
      );
      again = 5_000;
    }
    if (again === undefined || this.#closed) return;
    const timer = setTimeout(() => this.add(resource, object), again);
    this.#timers.set(key, timer.unref());
  }

  /** Nothing new comes into a namespace that is going. */
  #isGoing(namespace: string | undefined): boolean {
    if (namespace === undefined) return false;
    const found = this.#world.mirror.get('namespaces', undefined, namespace);
    return !found || found.metadata.deletionTimestamp !== undefined;
  }
}
