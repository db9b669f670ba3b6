import { generatedName } from '../apiserver/generatedName.ts';
import { type JsonObject, objectAt, objectsAt } from '../apiserver/json.ts';
import { admitPod } from '../apiserver/podAdmission.ts';
import { isFinished } from '../apiserver/podSpec.ts';
import { removePod } from '../apiserver/pods.ts';
import type { KubeObject, NewObject } from '../store.ts';
import { ownedBy, tell, type World } from './controller.ts';

/** How long a controller waits after a refused pod, in milliseconds. */
const RETRY = 2_000;

/** What a controller adds to a pod, besides its template. */
export interface PodExtras {
  /** A complete name. Without it, a name is generated from the owner's. */
  readonly name?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  /** Merged into the spec. */
  readonly spec?: JsonObject;
}

/** Creates a pod from its owner's template. If it was refused, returns the milliseconds until the next attempt. */
export function createOwnPod(
  world: World,
  component: string,
  owner: KubeObject,
  template: JsonObject,
  extras: PodExtras = {},
): number | undefined {
  const prefix = `${owner.metadata.name}-`;
  const { namespace = '' } = owner.metadata;
  const labels = { ...objectAt(objectAt(template.metadata).labels), ...extras.labels };
  const annotations = {
    ...objectAt(objectAt(template.metadata).annotations),
    ...extras.annotations,
  };
  const pod: NewObject = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: extras.name ?? generatedName(prefix),
      ...(extras.name === undefined && { generateName: prefix }),
      namespace,
      generation: 1,
      labels: labels as Record<string, string>,
      ...(Object.keys(annotations).length > 0 && {
        annotations: annotations as Record<string, string>,
      }),
      ownerReferences: [ownedBy(owner)],
    },
    spec: { ...structuredClone(objectAt(template.spec)), ...extras.spec },
  };
  const { name } = pod.metadata;
  try {
    admitPod(world.store, namespace, pod, () => {});
    if (!world.store.create('pods', pod)) throw new Error(`pods "${name}" already exists`);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    tell(world, component, owner, 'Warning', 'FailedCreate', `Error creating: ${why}`);
    refusals.set(owner.metadata.uid, why);
    return RETRY;
  }
  refusals.delete(owner.metadata.uid);
  tell(world, component, owner, 'Normal', 'SuccessfulCreate', `Created pod: ${name}`);
  return undefined;
}

const refusals = new Map<string, string>();

/** Why the owner's last pod was refused. Undefined if it was not. */
export function refusalOf({ metadata }: KubeObject): string | undefined {
  return refusals.get(metadata.uid);
}

/** Call it when no pod is missing any more. */
export function forgetRefusal({ metadata }: KubeObject): void {
  refusals.delete(metadata.uid);
}

/** Deletes a pod for its owner. */
export function deleteOwnPod(
  world: World,
  component: string,
  owner: KubeObject,
  pod: KubeObject,
): void {
  removePod(world, pod, { gracePeriodSeconds: undefined });
  const message = `Deleted pod: ${pod.metadata.name}`;
  tell(world, component, owner, 'Normal', 'SuccessfulDelete', message);
}

/** Whether the pod is neither finished nor being deleted. */
export function isActive(pod: KubeObject): boolean {
  return !isLeaving(pod) && !isFinished(pod);
}

export function isLeaving({ metadata }: KubeObject): boolean {
  return metadata.deletionTimestamp !== undefined;
}

export function isReady(pod: KubeObject): boolean {
  return readyCondition(pod)?.status === 'True';
}

/** Whether the pod has been ready for this many seconds. */
export function isAvailable(pod: KubeObject, minReadySeconds: number): boolean {
  const since = readyCondition(pod)?.lastTransitionTime;
  return isReady(pod) && Date.now() >= Date.parse(String(since)) + minReadySeconds * 1000;
}

function readyCondition({ status }: KubeObject): JsonObject | undefined {
  return objectsAt(objectAt(status).conditions).find(({ type }) => type === 'Ready');
}

/** The pods to delete first come first: unassigned, not ready, then the youngest. */
export function byDispensability(a: KubeObject, b: KubeObject): number {
  const rank = (pod: KubeObject) => (objectAt(pod.spec).nodeName ? 2 : 0) + (isReady(pod) ? 1 : 0);
  return (
    rank(a) - rank(b) ||
    b.metadata.creationTimestamp.localeCompare(a.metadata.creationTimestamp) ||
    Number(b.metadata.resourceVersion) - Number(a.metadata.resourceVersion)
  );
}
