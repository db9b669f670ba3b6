import { isDeepStrictEqual } from 'node:util';
import { objectAt } from '../apiserver/json.ts';
import { quotaStatus } from '../apiserver/resourceQuotas.ts';
import type { KubeObject, Store, StoreEvent } from '../store.ts';
import { type Controller, type World, writeStatus } from './controller.ts';
import { cronJobs } from './cronJobs.ts';
import { daemonSets } from './daemonSets.ts';
import { deployments } from './deployments.ts';
import { endpointSlices } from './endpointSlices.ts';
import { collectGarbage } from './garbage.ts';
import { jobs } from './jobs.ts';
import { controllerOf, Mirror } from './mirror.ts';
import { Queue } from './queue.ts';
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

/** Kinds whose objects have owners, or determine what should exist. */
const MIRRORED = [
  ...CONTROLLERS.map(({ resource }) => resource),
  ...['pods', 'nodes', 'namespaces', 'endpoints', 'endpointslices.discovery.k8s.io'],
];

/** The resource of an owner's kind, for the kinds with a controller. */
const RESOURCES_BY_KIND: Readonly<Record<string, string>> = {
  CronJob: 'cronjobs.batch',
  DaemonSet: 'daemonsets.apps',
  Deployment: 'deployments.apps',
  Job: 'jobs.batch',
  ReplicaSet: 'replicasets.apps',
  Service: 'services',
  StatefulSet: 'statefulsets.apps',
};

/** Starts the controllers of workloads and services. Returns the function that stops them. */
export function startControllers(store: Store): () => void {
  const world: World = { store, mirror: new Mirror(store, MIRRORED) };
  const queue = new Queue(world, CONTROLLERS);
  for (const resource of CONTROLLERS.map((controller) => controller.resource))
    for (const object of world.mirror.list(resource)) queue.add(resource, object);
  const unsubscribe = store.subscribe((event) => notice(world, queue, event));
  return () => {
    unsubscribe();
    queue.close();
  };
}

/** Queues the objects that a change affects. */
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
