import { type JsonObject, objectAt } from '../apiserver/json.ts';
import { selectorMatches } from '../apiserver/objectSelectors.ts';
import { type KubeObject, now } from '../store.ts';
import { claim } from './claims.ts';
import { type Controller, nonZero, type World, writeStatus } from './controller.ts';
import {
  byDispensability,
  createOwnPod,
  deleteOwnPod,
  forgetRefusal,
  isActive,
  isAvailable,
  isLeaving,
  isReady,
  refusalOf,
} from './ownPods.ts';

const COMPONENT = 'replicaset-controller';

export const replicaSets: Controller = { resource: 'replicasets.apps', reconcile };

function reconcile(world: World, set: KubeObject): number | undefined {
  if (!isLeaving(set)) claim(world, set, 'pods');
  const pods = world.mirror.controlled('pods', set);
  const active = pods.filter(isActive);
  const spec = objectAt(set.spec);
  const template = objectAt(spec.template);
  const desired = isLeaving(set) ? active.length : Number(spec.replicas ?? 1);
  let again: number | undefined;
  for (let missing = desired - active.length; missing > 0 && again === undefined; missing -= 1)
    again = createOwnPod(world, COMPONENT, set, template);
  if (again === undefined) forgetRefusal(set);
  for (const pod of active
    .toSorted(byDispensability)
    .slice(0, Math.max(0, active.length - desired)))
    deleteOwnPod(world, COMPONENT, set, pod);
  const minReadySeconds = Number(spec.minReadySeconds ?? 0);
  const pending = writeReplicas(world, set, minReadySeconds);
  return again ?? (pending ? 1_000 : undefined);
}

/** Returns whether there are ready pods that are not yet available. */
function writeReplicas(world: World, set: KubeObject, minReadySeconds: number): boolean {
  const pods = world.mirror.controlled('pods', set);
  const active = pods.filter(isActive);
  const labels = objectAt(objectAt(objectAt(objectAt(set.spec).template).metadata).labels);
  const ready = active.filter(isReady);
  const available = ready.filter((pod) => isAvailable(pod, minReadySeconds));
  const labelled = active.filter(({ metadata }) =>
    selectorMatches({ matchLabels: labels }, metadata.labels ?? {}),
  );
  const status: JsonObject = {
    replicas: active.length,
    fullyLabeledReplicas: nonZero(labelled.length),
    readyReplicas: nonZero(ready.length),
    availableReplicas: nonZero(available.length),
    terminatingReplicas: pods.filter(isLeaving).length,
    observedGeneration: set.metadata.generation,
    conditions: failureCondition(set),
  };
  writeStatus(world, 'replicasets.apps', set, status);
  return available.length < ready.length;
}

function failureCondition(set: KubeObject): JsonObject[] | undefined {
  const message = refusalOf(set);
  if (message === undefined) return undefined;
  return [
    {
      type: 'ReplicaFailure',
      status: 'True',
      lastTransitionTime: set.metadata.creationTimestamp || now(),
      reason: 'FailedCreate',
      message,
    },
  ];
}
