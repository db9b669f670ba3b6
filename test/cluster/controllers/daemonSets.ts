import { type JsonObject, objectAt, objectsAt } from '../apiserver/json.ts';
import { isFinished } from '../apiserver/podSpec.ts';
import { removePod } from '../apiserver/pods.ts';
import { fitsNode, tolerates } from '../nodeFit.ts';
import type { KubeObject } from '../store.ts';
import { type Controller, nonZero, type World, writeStatus } from './controller.ts';
import { createOwnPod, deleteOwnPod, isAvailable, isLeaving, isReady } from './ownPods.ts';
import { templateHash } from './podTemplates.ts';

const COMPONENT = 'daemonset-controller';
const REVISION = 'controller-revision-hash';

export const daemonSets: Controller = { resource: 'daemonsets.apps', reconcile };

/** The tolerations of every daemon. */
const tolerations = [
  { key: 'node.kubernetes.io/not-ready', operator: 'Exists', effect: 'NoExecute' },
  { key: 'node.kubernetes.io/unreachable', operator: 'Exists', effect: 'NoExecute' },
  { key: 'node.kubernetes.io/disk-pressure', operator: 'Exists', effect: 'NoSchedule' },
  { key: 'node.kubernetes.io/memory-pressure', operator: 'Exists', effect: 'NoSchedule' },
  { key: 'node.kubernetes.io/pid-pressure', operator: 'Exists', effect: 'NoSchedule' },
  { key: 'node.kubernetes.io/unschedulable', operator: 'Exists', effect: 'NoSchedule' },
];

function reconcile(world: World, set: KubeObject): number | undefined {
  if (isLeaving(set)) return undefined;
  const spec = objectAt(set.spec);
  const revision = templateHash(objectAt(spec.template));
  const again = spread(world, set, revision);
  const strategy = objectAt(spec.updateStrategy);
  if (strategy.type !== 'OnDelete') exchange(world, set, revision);
  writeStatus(world, 'daemonsets.apps', set, statusOf(world, set, revision));
  return again;
}

/** The node that a daemon is meant for, whether it is already bound or not. */
function nodeOf({ spec }: KubeObject): string {
  const affinity = objectAt(objectAt(objectAt(spec).affinity).nodeAffinity);
  const required = objectAt(affinity.requiredDuringSchedulingIgnoredDuringExecution);
  const [term] = objectsAt(required.nodeSelectorTerms);
  const [field] = objectsAt(term?.matchFields);
  const [name] = Array.isArray(field?.values) ? field.values : [];
  return String(objectAt(spec).nodeName ?? name ?? '');
}

function wantedNodes({ mirror }: World, set: KubeObject): string[] {
  const spec = daemonSpec(set);
  return mirror
    .list('nodes')
    .filter((node) => fitsNode(spec, node) && tolerates(spec, node, ['NoSchedule', 'NoExecute']))
    .map(({ metadata }) => metadata.name);
}

function daemonSpec(set: KubeObject): JsonObject {
  const spec = objectAt(objectAt(objectAt(set.spec).template).spec);
  return { ...spec, tolerations: [...objectsAt(spec.tolerations), ...tolerations] };
}

function spread(world: World, set: KubeObject, revision: string): number | undefined {
  const pods = world.mirror.controlled('pods', set);
  const nodes = wantedNodes(world, set);
  const template = objectAt(objectAt(set.spec).template);
  let again: number | undefined;
  for (const node of nodes) {
    const here = pods.filter((pod) => nodeOf(pod) === node);
    for (const pod of here)
      if (isFinished(pod) && !isLeaving(pod))
        removePod(world, pod, { gracePeriodSeconds: undefined });
    if (here.length > 0) continue;
    again ??= createOwnPod(world, COMPONENT, set, template, {
      labels: { [REVISION]: revision, 'pod-template-generation': '1' },
      spec: { affinity: onlyOn(node), tolerations: daemonSpec(set).tolerations },
    });
  }
  for (const pod of pods)
    if (!nodes.includes(nodeOf(pod)) && !isLeaving(pod)) deleteOwnPod(world, COMPONENT, set, pod);
  return again;
}

function onlyOn(node: string): JsonObject {
  const matchFields = [{ key: 'metadata.name', operator: 'In', values: [node] }];
  return {
    nodeAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [{ matchFields }] },
    },
  };
}

/** Replaces one outdated daemon if all others are running. */
function exchange(world: World, set: KubeObject, revision: string): void {
  const pods = world.mirror.controlled('pods', set);
  if (pods.some((pod) => isLeaving(pod))) return;
  const outdated = pods.filter(({ metadata }) => metadata.labels?.[REVISION] !== revision);
  const next = outdated.find((pod) => !isReady(pod)) ?? outdated[0];
  if (next && pods.every((pod) => pod === next || isReady(pod)))
    deleteOwnPod(world, COMPONENT, set, next);
}

function statusOf(world: World, set: KubeObject, revision: string): JsonObject {
  const nodes = wantedNodes(world, set);
  const pods = world.mirror.controlled('pods', set).filter((pod) => nodes.includes(nodeOf(pod)));
  const minReadySeconds = Number(objectAt(set.spec).minReadySeconds ?? 0);
  const available = pods.filter((pod) => isAvailable(pod, minReadySeconds)).length;
  const updated = pods.filter(({ metadata }) => metadata.labels?.[REVISION] === revision);
  return {
    currentNumberScheduled: pods.length,
    numberMisscheduled: 0,
    desiredNumberScheduled: nodes.length,
    numberReady: pods.filter(isReady).length,
    observedGeneration: set.metadata.generation,
    updatedNumberScheduled: nonZero(updated.length),
    numberAvailable: nonZero(available),
    numberUnavailable: nonZero(nodes.length - available),
  };
}
