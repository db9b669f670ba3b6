import { randomUUID } from 'node:crypto';
import { type NewObject, now } from '../store.ts';
import { type ResourceRequest, storedNamespace } from './context.ts';
import { invalidValue, required } from './fieldErrors.ts';
import { generatedName } from './generatedName.ts';
import { isObject, type JsonObject, objectAt, stringAt } from './json.ts';
import { isDnsSubdomain, SUBDOMAIN_RULE } from './names.ts';
import { refuseInNamespace } from './namespaces.ts';
import { readObject } from './requestBody.ts';
import { enforceQuotas } from './resourceQuotas.ts';
import { groupVersion } from './resources.ts';
import { respondJson } from './respond.ts';
import { alreadyExists, badRequest, invalid } from './status.ts';
import { strategyOf } from './strategies.ts';
import { reportUnknownFields } from './unknownFields.ts';

/** POST of a new object. */
export async function createObject(request: ResourceRequest): Promise<void> {
  const body = await readObject(request.incoming);
  const dryRun = request.query.getAll('dryRun').includes('All');
  const object = parseNew(request, body);
  reportUnknownFields(request, body, (list) =>
    badRequest(
      `${request.kind.kind} in version "${request.kind.version}" cannot be handled as a ${request.kind.kind}: ${list}`,
    ),
  );
  refuseInNamespace(request, object.metadata.name);
  strategyOf(request.resource).prepareCreate?.(request, object);
  if (request.kind.namespaced && request.resource !== 'pods')
    enforceQuotas(request.cluster.store, request.route.namespace, request.resource, object);
  if (request.kind.hasGeneration) object.metadata.generation = 1;
  const { store } = request.cluster;
  const stored = dryRun ? wouldBe(request, object) : store.create(request.resource, object);
  if (!stored) throw alreadyExists(request.kind, object.metadata.name);
  respondJson(request.response, 201, stored);
}

/** The object that would be stored. Undefined if the name is taken. It has no version, because it is not stored. */
function wouldBe(request: ResourceRequest, object: NewObject): unknown {
  const { name } = object.metadata;
  if (request.cluster.store.get(request.resource, storedNamespace(request), name)) return undefined;
  const metadata = { ...object.metadata, uid: randomUUID(), creationTimestamp: now() };
  return { ...object, metadata };
}

function parseNew(request: ResourceRequest, body: JsonObject): NewObject {
  const { kind } = request;
  const given = objectAt(body.metadata);
  const expected = groupVersion(kind);
  if ((body.kind ?? kind.kind) !== kind.kind || (body.apiVersion ?? expected) !== expected) {
    throw badRequest(
      `the API version in the data (${stringAt(body.apiVersion)}) does not match the expected API version (${expected})`,
    );
  }
  const namespace = storedNamespace(request);
  if (namespace !== undefined && given.namespace && given.namespace !== namespace) {
    throw badRequest(
      'the namespace of the provided object does not match the namespace sent on the request',
    );
  }
  const prefix = stringAt(given.generateName);
  const name = stringAt(given.name) || (prefix && generatedName(prefix));
  if (!name) {
    throw invalid(kind, '', [required('metadata.name', 'name or generateName is required')]);
  }
  // Roles may have any name that is valid in a path, such as system:node.
  if (!kind.group.startsWith('rbac.') && !isDnsSubdomain(name)) {
    throw invalid(kind, name, [invalidValue('metadata.name', name, SUBDOMAIN_RULE)]);
  }
  const { uid: _uid, resourceVersion: _version, creationTimestamp: _time, ...metadata } = given;
  return {
    ...body,
    kind: kind.kind,
    apiVersion: expected,
    metadata: { ...withoutEmpty(metadata), name, ...(namespace !== undefined && { namespace }) },
  };
}

// Go omits empty maps.
function withoutEmpty(metadata: JsonObject): JsonObject {
  return Object.fromEntries(
    Object.entries(metadata).filter(
      ([, value]) => !isObject(value) || Object.keys(value).length > 0,
    ),
  );
}
