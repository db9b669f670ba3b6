import { Amount } from '../apiserver/amount.ts';
import type { JsonObject } from '../apiserver/json.ts';
import { podResources } from '../apiserver/podResources.ts';
import type { Pod } from './pod.ts';

const RESOURCE = 'ephemeral-storage';

/** What a pod's parts take on the node's disk, in bytes. */
export interface StorageUse {
  /** Container name -> its writable layer and its logs; ephemeral containers included. */
  readonly containers: ReadonlyMap<string, number>;
  /** Volume name -> its content, of emptyDir volumes on disk. */
  readonly volumes: ReadonlyMap<string, number>;
}

/** Whether it matters at all how much the pod writes. */
export function hasStorageLimit({ spec }: Pod): boolean {
  return (
    spec.containers.some(({ resources }) => resources?.limits?.[RESOURCE] !== undefined) ||
    (spec.volumes ?? []).some(({ emptyDir }) => emptyDir?.sizeLimit !== undefined)
  );
}

/**
 * Why the pod is to be evicted, in the kubelet's words with its space at the end; undefined when it
 * is within its limits. Ephemeral containers have no limit of their own, but what they write counts
 * for the pod, whose limit is the sum of its regular containers'.
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
