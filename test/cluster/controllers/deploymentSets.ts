import { isDeepStrictEqual } from 'node:util';
import { type JsonObject, objectAt } from '../apiserver/json.ts';
import type { KubeObject } from '../store.ts';

export const SETS = 'replicasets.apps';
export const PREFIX = 'deployment.kubernetes.io/';
export const REVISION = `${PREFIX}revision`;
/** The label that distinguishes the pods of a replica set from those of the others. */
export const HASH = 'pod-template-hash';

/** The replica set with the deployment's own template. */
export function currentSet(
  deployment: KubeObject,
  sets: readonly KubeObject[],
): KubeObject | undefined {
  const template = objectAt(objectAt(deployment.spec).template);
  return sets.find((set) =>
    isDeepStrictEqual(bare(objectAt(objectAt(set.spec).template)), template),
  );
}

function bare(template: JsonObject): JsonObject {
  const metadata = objectAt(template.metadata);
  const { [HASH]: _hash, ...labels } = objectAt(metadata.labels);
  return { ...template, metadata: { ...metadata, labels } };
}

/** The deployment's revision that the set was created for. */
export function revisionOf({ metadata }: KubeObject): number {
  return Number(metadata.annotations?.[REVISION] ?? 0);
}

/** The number of pods that the set should have. */
export function replicasOf({ spec }: KubeObject): number {
  return Number(objectAt(spec).replicas ?? 0);
}

/** The sum of a counter in the sets' status. */
export function count(sets: readonly KubeObject[], field: string): number {
  return sets.reduce((sum, { status }) => sum + Number(objectAt(status)[field] ?? 0), 0);
}
