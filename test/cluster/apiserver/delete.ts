import type { KubeObject, Store } from '../store.ts';
import { type ResourceRequest, storedNamespace } from './context.ts';
import { isObject, objectAt } from './json.ts';
import { matchingObjects, namedObject } from './read.ts';
import { readBody } from './requestBody.ts';
import { groupVersion, RESOURCES } from './resources.ts';
import { respondJson } from './respond.ts';
import { selectorOf } from './selectors.ts';
import { conflict, qualifiedName, success } from './status.ts';
import { strategyOf } from './strategies.ts';
import type { DeleteOptions } from './strategy.ts';

/** DELETE of one object. */
export async function deleteObject(request: ResourceRequest): Promise<void> {
  const body = await readBody(request.incoming);
  const object = namedObject(request);
  const { uid } = object.metadata;
  const wantedUid = objectAt(objectAt(body).preconditions).uid;
  if (typeof wantedUid === 'string' && wantedUid !== uid) {
    throw conflict(
      request.kind,
      object.metadata.name,
      `Precondition failed: UID in precondition: ${wantedUid}, UID in object meta: ${uid}`,
    );
  }
  respondJson(request.response, 200, removeOne(request, object, optionsOf(request, body)));
}

/** DELETE of every object that matches. */
export async function deleteCollection(request: ResourceRequest): Promise<void> {
  const options = optionsOf(request, await readBody(request.incoming));
  const objects = matchingObjects(request, selectorOf(request.resource, request.query));
  for (const object of objects) removeOne(request, object, options);
  respondJson(request.response, 200, {
    kind: `${request.kind.kind}List`,
    apiVersion: groupVersion(request.kind),
    metadata: { resourceVersion: request.cluster.store.resourceVersion },
    items: objects,
  });
}

function removeOne(request: ResourceRequest, object: KubeObject, options: DeleteOptions): unknown {
  if (request.query.getAll('dryRun').includes('All')) return object;
  if (options.orphans) orphanDependents(request.cluster.store, object);
  const { kind, cluster, resource } = request;
  const special = strategyOf(resource).remove;
  if (special) return special(request, object, options);
  const { name, uid, namespace = storedNamespace(request) } = object.metadata;
  cluster.store.remove(resource, namespace, name);
  return success({ name, ...(kind.group && { group: kind.group }), kind: kind.resource, uid });
}

function optionsOf({ query }: ResourceRequest, body: unknown): DeleteOptions {
  const given = isObject(body) ? body.gracePeriodSeconds : undefined;
  const gracePeriod = given ?? query.get('gracePeriodSeconds') ?? undefined;
  const policy = objectAt(body).propagationPolicy ?? query.get('propagationPolicy');
  return {
    gracePeriodSeconds: gracePeriod === undefined ? undefined : Number(gracePeriod),
    orphans: policy === 'Orphan' || objectAt(body).orphanDependents === true,
  };
}

/** Removes the owner from everything that it owns, so that nothing is deleted with it. */
function orphanDependents(store: Store, { metadata: { namespace, uid } }: KubeObject): void {
  for (const kind of RESOURCES.filter(({ namespaced }) => namespaced)) {
    const resource = qualifiedName(kind);
    for (const { metadata } of store.list(resource, namespace)) {
      const others = metadata.ownerReferences?.filter((owner) => owner.uid !== uid);
      if (!others || others.length === metadata.ownerReferences?.length) continue;
      store.update(resource, namespace, metadata.name, (object) => {
        if (others.length > 0) object.metadata.ownerReferences = others;
        else delete object.metadata.ownerReferences;
        return object;
      });
    }
  }
}
