import { removePod } from '../apiserver/pods.ts';
import type { KubeObject } from '../store.ts';
import type { World } from './controller.ts';

/** Deletes the dependents of a deleted object, unless they have another owner. */
export function collectGarbage(world: World, { metadata }: KubeObject): void {
  for (const { resource, object } of world.mirror.dependents(metadata.uid)) {
    const { namespace, name, ownerReferences = [] } = object.metadata;
    const others = ownerReferences.filter(({ uid }) => uid !== metadata.uid);
    if (others.length > 0) {
      world.store.update(resource, namespace, name, (dependent) => {
        dependent.metadata.ownerReferences = others;
        return dependent;
      });
    } else if (resource === 'pods') removePod(world, object, { gracePeriodSeconds: undefined });
    else world.store.remove(resource, namespace, name);
  }
}
