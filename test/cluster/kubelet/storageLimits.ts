import { Amount } from '../apiserver/amount.ts';
import type { JsonObject } from '../apiserver/json.ts';
import { podResources } from '../apiserver/podResources.ts';
import type { Pod } from './pod.ts';

const RESOURCE = 'ephemeral-storage';

/** The disk usage of a pod's parts on its node, in bytes. */
export interface StorageUse {
  /** Container name -> its writable layer and its logs. Includes ephemeral containers. */
  readonly containers: ReadonlyMap<string, number>;
  /** Volume name -> its content, for emptyDir volumes on disk. */
  readonly volumes: ReadonlyMap<string, number>;
}

/** Whether the pod has any limit on disk usage. */
export function hasStorageLimit({ spec }: Pod): boolean {
  return (
    spec.containers.some(({ resources }) => resources?.limits?.[RESOURCE] !== undefined) ||
    (spec.volumes ?? []).some(({ emptyDir }) => emptyDir?.sizeLimit !== undefined)
  );
}

/**
 * Why the pod should be evicted, in the kubelet's words with its space at the end. Undefined if it is within its
 * limits. Ephemeral containers have no limit of their own, but their data counts for the pod, whose limit is the sum of
 * its regular containers' limits.
 */
export function storageBreach(pod: Pod, use: StorageUse): string | undefined {
  for (const { name, emptyDir } of pod.spec.volumes ?? []) {
    const limit = Amount.parse(emptyDir?.sizeLimit);
    if (limit && isOver(use.volumes.get(name), limit))
      return `Usage of EmptyDir volume ${JSON.stringify(name)} exceeds the limit ${JSON.stringify(`${limit}`)}. `;
  }
  const total = podResources(pod.spec as unknown as JsonObject, 'limits').get(RESOURCE);
  const all = [...use.containers.values(), ...use.volumes.values()].reduce((a, b) => a + b, 0);
  if (total && isOver(all, total))
    return `Pod ephemeral local storage usage exceeds the total limit of containers ${total}. `;
  for (const { name, resources } of pod.spec.containers) {
    const limit = Amount.parse(resources?.limits?.[RESOURCE]);
    if (limit && isOver(use.containers.get(name), limit))
      return `Container ${name} exceeded its local ephemeral storage limit ${JSON.stringify(`${limit}`)}. `;
  }
  return undefined;
}

function isOver(bytes: number | undefined, limit: Amount): boolean {
  return bytes !== undefined && Amount.of(bytes).isMoreThan(limit);
}
