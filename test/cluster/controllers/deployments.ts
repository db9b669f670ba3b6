import { isDeepStrictEqual } from 'node:util';
import { objectAt } from '../apiserver/json.ts';
import type { KubeObject } from '../store.ts';
import { claim } from './claims.ts';
import { type Controller, ownedBy, tell, type World, writeStatus } from './controller.ts';
import { type Plan, planOf } from './deploymentPlan.ts';
import {
  count,
  currentSet,
  HASH,
  PREFIX,
  REVISION,
  replicasOf,
  revisionOf,
  SETS,
} from './deploymentSets.ts';
import { deploymentStatus } from './deploymentStatus.ts';
import { templateHash, withLabels } from './podTemplates.ts';

const COMPONENT = 'deployment-controller';

export const deployments: Controller = { resource: 'deployments.apps', reconcile };

function reconcile(world: World, deployment: KubeObject): undefined {
  if (deployment.metadata.deletionTimestamp !== undefined) return;
  const plan = planOf(deployment);
  claim(world, deployment, SETS);
  const setsNow = () => world.mirror.controlled(SETS, deployment);
  const isPaused = objectAt(deployment.spec).paused === true;
  const existing = currentSet(deployment, setsNow());
  if (existing || !isPaused) {
    const current = existing ?? createSet(world, deployment, setsNow(), plan);
    markRevision(world, deployment, current, setsNow());
    if (!isPaused) roll(world, deployment, plan, current);
    dropOldSets(world, deployment, current);
  }
  writeStatus(world, 'deployments.apps', deployment, deploymentStatus(deployment, setsNow(), plan));
}

function createSet(
  world: World,
  deployment: KubeObject,
  others: readonly KubeObject[],
  plan: Plan,
): KubeObject {
  const { name, namespace = '' } = deployment.metadata;
  const spec = objectAt(deployment.spec);
  const hash = templateHash(objectAt(spec.template));
  const template = withLabels(objectAt(spec.template), { [HASH]: hash });
  const selector = objectAt(spec.selector);
  const matchLabels = { ...objectAt(selector.matchLabels), [HASH]: hash };
  const total = others.reduce((sum, set) => sum + replicasOf(set), 0);
  const set = {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: {
      name: `${name}-${hash}`,
      namespace,
      generation: 1,
      labels: objectAt(objectAt(template.metadata).labels) as Record<string, string>,
      annotations: annotationsOf(plan),
      ownerReferences: [ownedBy(deployment)],
    },
    spec: {
      replicas:
        plan.recreates && total > 0 ? 0 : Math.max(0, Math.min(plan.replicas, plan.most - total)),
      ...(spec.minReadySeconds !== undefined && { minReadySeconds: spec.minReadySeconds }),
      selector: { ...selector, matchLabels },
      template,
    },
    status: { replicas: 0 },
  };
  const created = world.store.create(SETS, set);
  if (!created) throw new Error(`replica set ${set.metadata.name} is not this deployment's`);
  tellScaling(world, deployment, created, 0, replicasOf(created));
  return created;
}

function annotationsOf({ replicas, most }: Plan): Record<string, string> {
  return { [`${PREFIX}desired-replicas`]: `${replicas}`, [`${PREFIX}max-replicas`]: `${most}` };
}

/** Sets the highest revision on the newest replica set, and copies it to the deployment. */
function markRevision(
  { store }: World,
  deployment: KubeObject,
  current: KubeObject,
  sets: readonly KubeObject[],
): void {
  const others = sets.filter(({ metadata }) => metadata.uid !== current.metadata.uid);
  const highest = Math.max(0, ...others.map(revisionOf));
  const revision = String(Math.max(highest + 1, revisionOf(current)));
  const mark = (resource: string, { metadata }: KubeObject) => {
    if (metadata.annotations?.[REVISION] === revision) return;
    store.update(resource, metadata.namespace, metadata.name, (object) => {
      object.metadata.annotations = { ...object.metadata.annotations, [REVISION]: revision };
      return object;
    });
  };
  mark(SETS, current);
  mark('deployments.apps', deployment);
}

/** One step from the old replica sets to the new one. */
function roll(world: World, deployment: KubeObject, plan: Plan, { metadata }: KubeObject): void {
  const all = world.mirror.controlled(SETS, deployment);
  const current = all.find((set) => set.metadata.uid === metadata.uid);
  if (!current) return;
  const old = all.filter((set) => set !== current);
  const scaleTo = (set: KubeObject, replicas: number) =>
    scale(world, deployment, plan, set, replicas);
  const oldTotal = old.reduce((sum, set) => sum + replicasOf(set), 0);
  if (plan.recreates) {
    for (const set of old) scaleTo(set, 0);
    const areGone = count(old, 'replicas') + count(old, 'terminatingReplicas') === 0;
    if (oldTotal === 0 && areGone) scaleTo(current, plan.replicas);
    return;
  }
  const room = Math.max(0, plan.most - oldTotal);
  const next = Math.min(plan.replicas, Math.max(replicasOf(current), room));
  scaleTo(current, next);
  const newUnavailable = next - count([current], 'availableReplicas');
  let removable = oldTotal + next - plan.least - newUnavailable;
  for (const isBroken of [true, false]) {
    for (const set of old.toSorted((a, b) => revisionOf(a) - revisionOf(b))) {
      const now = replicasOf(set);
      const broken = now - count([set], 'availableReplicas');
      const less = Math.min(removable, isBroken ? broken : now);
      if (less <= 0) continue;
      removable -= less;
      scaleTo(set, now - less);
      if (isBroken) return;
    }
  }
}

function scale(
  world: World,
  deployment: KubeObject,
  plan: Plan,
  set: KubeObject,
  replicas: number,
): void {
  const before = replicasOf(set);
  const annotations = { ...set.metadata.annotations, ...annotationsOf(plan) };
  if (before === replicas && isDeepStrictEqual(annotations, set.metadata.annotations)) return;
  world.store.update(SETS, set.metadata.namespace, set.metadata.name, (object) => {
    if (before !== replicas) object.metadata.generation = (object.metadata.generation ?? 0) + 1;
    object.metadata.annotations = { ...object.metadata.annotations, ...annotationsOf(plan) };
    object.spec = { ...objectAt(object.spec), replicas };
    return object;
  });
  if (before !== replicas) tellScaling(world, deployment, set, before, replicas);
}

function tellScaling(
  world: World,
  deployment: KubeObject,
  { metadata }: KubeObject,
  from: number,
  to: number,
): void {
  if (from === to) return;
  const message = `Scaled ${to > from ? 'up' : 'down'} replica set ${metadata.name} from ${from} to ${to}`;
  tell(world, COMPONENT, deployment, 'Normal', 'ScalingReplicaSet', message);
}

function dropOldSets({ store, mirror }: World, deployment: KubeObject, current: KubeObject): void {
  const limit = Number(objectAt(deployment.spec).revisionHistoryLimit ?? 10);
  const idle = mirror
    .controlled(SETS, deployment)
    .filter((set) => set.metadata.uid !== current.metadata.uid)
    .filter((set) => replicasOf(set) === 0 && count([set], 'replicas') === 0)
    .sort((a, b) => revisionOf(b) - revisionOf(a));
  for (const { metadata } of idle.slice(limit))
    store.remove(SETS, metadata.namespace, metadata.name);
}
