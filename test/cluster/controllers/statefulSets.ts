import { type JsonObject, objectAt } from '../apiserver/json.ts';
import { isFinished } from '../apiserver/podSpec.ts';
import { removePod } from '../apiserver/pods.ts';
import type { KubeObject } from '../store.ts';
import { type Controller, nonZero, type World, writeStatus } from './controller.ts';
import { createOwnPod, deleteOwnPod, isAvailable, isLeaving, isReady } from './ownPods.ts';
import { templateHash } from './podTemplates.ts';

const COMPONENT = 'statefulset-controller';
const REVISION = 'controller-revision-hash';

export const statefulSets: Controller = { resource: 'statefulsets.apps', reconcile };

function reconcile(world: World, set: KubeObject): number | undefined {
  if (isLeaving(set)) return undefined;
  const spec = objectAt(set.spec);
  const revision = `${set.metadata.name}-${templateHash(objectAt(spec.template))}`;
  const again = step(world, set, revision);
  writeStatus(world, 'statefulsets.apps', set, statusOf(world, set, revision));
  return again;
}

/** The pods by number. */
function podsOf({ mirror }: World, set: KubeObject): Map<number, KubeObject> {
  const pods = mirror.controlled('pods', set);
  return new Map(
    pods.map((pod) => [Number(pod.metadata.name.slice(set.metadata.name.length + 1)), pod]),
  );
}

/** Changes one pod at a time: first missing, then surplus, then outdated ones. */
function step(world: World, set: KubeObject, revision: string): number | undefined {
  const spec = objectAt(set.spec);
  const isParallel = spec.podManagementPolicy === 'Parallel';
  const replicas = Number(spec.replicas ?? 1);
  const pods = podsOf(world, set);
  for (let number = 0; number < replicas; number += 1) {
    const pod = pods.get(number);
    if (pod && isFinished(pod) && !isLeaving(pod))
      removePod(world, pod, { gracePeriodSeconds: undefined });
    if (!pod) {
      const again = createNumber(world, set, number, revision);
      if (again !== undefined) return again;
    }
    const isUp = pod !== undefined && isReady(pod) && !isLeaving(pod);
    if (!isUp && !isParallel) return undefined;
  }
  const surplus = [...pods.keys()].filter((number) => number >= replicas).sort((a, b) => b - a);
  for (const number of surplus) {
    const pod = pods.get(number);
    if (pod && !isLeaving(pod)) deleteOwnPod(world, COMPONENT, set, pod);
    if (!isParallel) return undefined;
  }
  const strategy = objectAt(spec.updateStrategy);
  if (strategy.type === 'OnDelete') return undefined;
  const partition = Number(objectAt(strategy.rollingUpdate).partition ?? 0);
  for (let number = replicas - 1; number >= partition; number -= 1) {
    const pod = pods.get(number);
    if (!pod || isLeaving(pod) || !isReady(pod)) return undefined;
    if (pod.metadata.labels?.[REVISION] === revision) continue;
    deleteOwnPod(world, COMPONENT, set, pod);
    return undefined;
  }
  return undefined;
}

function createNumber(
  world: World,
  set: KubeObject,
  number: number,
  revision: string,
): number | undefined {
  const spec = objectAt(set.spec);
  const name = `${set.metadata.name}-${number}`;
  return createOwnPod(world, COMPONENT, set, objectAt(spec.template), {
    name,
    labels: {
      'apps.kubernetes.io/pod-index': String(number),
      [REVISION]: revision,
      'statefulset.kubernetes.io/pod-name': name,
    },
    spec: { hostname: name, ...(Boolean(spec.serviceName) && { subdomain: spec.serviceName }) },
  });
}

function statusOf(world: World, set: KubeObject, revision: string): JsonObject {
  const replicas = Number(objectAt(set.spec).replicas ?? 1);
  const minReadySeconds = Number(objectAt(set.spec).minReadySeconds ?? 0);
  const pods = [...podsOf(world, set).values()];
  const before = objectAt(set.status);
  const updated = pods.filter(({ metadata }) => metadata.labels?.[REVISION] === revision);
  const isDone = updated.length === replicas && pods.length === replicas && pods.every(isReady);
  const current = isDone ? revision : String(before.currentRevision ?? revision);
  const ofCurrent = pods.filter(({ metadata }) => metadata.labels?.[REVISION] === current);
  return {
    observedGeneration: set.metadata.generation,
    replicas: pods.length,
    readyReplicas: nonZero(pods.filter(isReady).length),
    currentReplicas: nonZero(ofCurrent.length),
    updatedReplicas: nonZero(updated.length),
    currentRevision: current,
    updateRevision: revision,
    collisionCount: 0,
    availableReplicas: pods.filter((pod) => isAvailable(pod, minReadySeconds)).length,
  };
}
