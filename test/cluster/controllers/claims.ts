import { objectAt } from '../apiserver/json.ts';
import { selectorMatches } from '../apiserver/objectSelectors.ts';
import { isFinished } from '../apiserver/podSpec.ts';
import type { KubeObject } from '../store.ts';
import { ownedBy, type World } from './controller.ts';
import { controllerOf } from './mirror.ts';

/**
 * Adopts orphans that the owner's selector matches, and releases objects that it no longer matches: a pod whose label
 * is removed continues to run by itself, and another one replaces it.
 */
export function claim({ store, mirror }: World, owner: KubeObject, resource: string): void {
  const { namespace, uid } = owner.metadata;
  const { selector } = objectAt(owner.spec);
  const matches = ({ metadata }: KubeObject) => selectorMatches(selector, metadata.labels ?? {});
  for (const object of mirror.list(resource, namespace)) {
    if (object.metadata.deletionTimestamp !== undefined) continue;
    const controller = controllerOf(object);
    const adopts = !controller && !isFinished(object) && matches(object);
    const releases = controller?.uid === uid && !matches(object);
    if (!adopts && !releases) continue;
    store.update(resource, namespace, object.metadata.name, ({ metadata }) => {
      const others = (metadata.ownerReferences ?? []).filter((reference) => reference.uid !== uid);
      const owners = adopts ? [...others, ownedBy(owner)] : others;
      if (owners.length > 0) metadata.ownerReferences = owners;
      else delete metadata.ownerReferences;
      return undefined;
    });
  }
}
