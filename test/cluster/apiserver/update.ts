import { isDeepStrictEqual } from 'node:util';
import type { KubeObject } from '../store.ts';
import { type ResourceRequest, storedNamespace } from './context.ts';
import { invalidValue } from './fieldErrors.ts';
import { goFormat } from './goFormat.ts';
import { isObject, type JsonObject, objectAt } from './json.ts';
import { applyPatch } from './patch.ts';
import { namedObject } from './read.ts';
import { readBody, readObject } from './requestBody.ts';
import { respondJson } from './respond.ts';
import { badRequest, conflict, invalid, notFound } from './status.ts';
import { strategyOf } from './strategies.ts';
import { reportUnknownFields } from './unknownFields.ts';

/** Combines the current object and the client's object into the one to store. Throws if the change is refused. */
export type Change = (previous: KubeObject, desired: KubeObject) => KubeObject;

/**
 * PUT or PATCH of the object or of one of its parts, which `change` selects from the client's object. The client
 * receives the result of `shown`.
 */
export async function changeObject(
  request: ResourceRequest,
  change: Change = wholeObject(request),
  shown: (object: KubeObject) => unknown = (object) => object,
): Promise<void> {
  const wantedFrom = await readWanted(request);
  const { store } = request.cluster;
  const previous = namedObject(request);
  const desired = withIdentity(previous, wantedFrom(previous));
  const askedVersion = desired.metadata.resourceVersion;
  if (askedVersion && askedVersion !== previous.metadata.resourceVersion) {
    throw conflict(
      request.kind,
      previous.metadata.name,
      'the object has been modified; please apply your changes to the latest version and try again',
    );
  }
  const next = change(previous, desired);
  if (request.kind.hasGeneration && !isDeepStrictEqual(next.spec, previous.spec)) {
    next.metadata.generation = (previous.metadata.generation ?? 0) + 1;
  }
  // As in etcd, a change without an effect creates no new version.
  const unchanged =
    isDeepStrictEqual(next, previous) || request.query.getAll('dryRun').includes('All');
  const { name } = previous.metadata;
  const stored = unchanged
    ? next
    : store.update(request.resource, storedNamespace(request), name, () => next);
  if (!stored) throw notFound(request.kind, name);
  respondJson(request.response, 200, shown(stored));
}

function wholeObject(request: ResourceRequest): Change {
  return (previous, desired) => {
    strategyOf(request.resource).prepareUpdate?.(request, previous, desired);
    return desired;
  };
}

/** For PUT and PATCH of the status subresource. */
export function statusOnly(previous: KubeObject, desired: KubeObject): KubeObject {
  return { ...previous, status: desired.status };
}

async function readWanted(request: ResourceRequest): Promise<(previous: KubeObject) => JsonObject> {
  if (request.route.verb === 'update') {
    const body = await readObject(request.incoming);
    reportUnknownFields(request, body, (list) =>
      badRequest(
        `${request.kind.kind} in version "${request.kind.version}" cannot be handled as a ${request.kind.kind}: ${list}`,
      ),
    );
    return () => body;
  }
  const patch = await readBody(request.incoming);
  if (isObject(patch)) {
    reportUnknownFields(request, patch, (list) =>
      invalid({ group: '', kind: '' }, '', [invalidValue('patch', goFormat(patch), list)]),
    );
  }
  const type = request.incoming.headers['content-type'] ?? '';
  return (previous) => applyPatch(type, previous, patch);
}

// Fields that no client may change are copied from the stored object.
function withIdentity(previous: KubeObject, desired: JsonObject): KubeObject {
  const { name, namespace, uid, creationTimestamp, generation } = previous.metadata;
  const { deletionTimestamp, deletionGracePeriodSeconds } = previous.metadata;
  return {
    ...desired,
    kind: previous.kind,
    apiVersion: previous.apiVersion,
    metadata: {
      ...objectAt(desired.metadata),
      resourceVersion: String(
        objectAt(desired.metadata).resourceVersion ?? previous.metadata.resourceVersion,
      ),
      name,
      uid,
      creationTimestamp,
      ...(namespace !== undefined && { namespace }),
      ...(generation !== undefined && { generation }),
      ...(deletionTimestamp !== undefined && { deletionTimestamp }),
      ...(deletionGracePeriodSeconds !== undefined && { deletionGracePeriodSeconds }),
    },
  };
}
