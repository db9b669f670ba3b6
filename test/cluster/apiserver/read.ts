import type { KubeObject } from '../store.ts';
import { type ResourceRequest, storedNamespace } from './context.ts';
import { checkListOptions, checkVersion } from './listOptions.ts';
import { groupVersion } from './resources.ts';
import { respondJson } from './respond.ts';
import { type Selector, selectorOf } from './selectors.ts';
import { ApiError, notFound } from './status.ts';
import { respondTable, wantsTable } from './table.ts';

/** The object that the request names. Throws 404. */
export function namedObject(request: ResourceRequest): KubeObject {
  const { cluster, kind, resource, route } = request;
  const object = cluster.store.get(resource, storedNamespace(request), route.name);
  if (!object) throw notFound(kind, route.name);
  return object;
}

/** The matching objects of the request's namespace, in etcd's order, from now or from a version. */
export function matchingObjects(
  request: ResourceRequest,
  matches: Selector,
  version?: number,
): KubeObject[] {
  const { cluster, resource } = request;
  const namespace = storedNamespace(request);
  const objects =
    version === undefined
      ? cluster.store.list(resource, namespace)
      : cluster.history
          .at(version, resource)
          .filter(({ metadata }) => namespace === undefined || metadata.namespace === namespace);
  return objects.filter(matches).sort((a, b) => compare(orderOf(a), orderOf(b)));
}

function orderOf({ metadata }: KubeObject): string {
  return `${metadata.namespace ?? ''}/${metadata.name}`;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

export function getObject(request: ResourceRequest): void {
  checkVersion(request);
  const object = namedObject(request);
  const { resourceVersion } = object.metadata;
  if (wantsTable(request)) respondTable(request, [object], { resourceVersion });
  else respondJson(request.response, 200, object);
}

/** GET of a list, in pages of `limit` objects if requested. */
export function listObjects(request: ResourceRequest): void {
  const { cluster, kind, query } = request;
  checkListOptions(request);
  checkVersion(request);
  const after = decodeContinue(query.get('continue'));
  const requestedVersion = after?.version ?? exactVersion(query);
  if (requestedVersion !== undefined && Number(requestedVersion) < cluster.history.oldest)
    throw tooOld(after);
  const matches = selectorOf(request.resource, query);
  const all = matchingObjects(
    request,
    matches,
    requestedVersion === undefined ? undefined : Number(requestedVersion),
  );
  const remaining = after ? all.filter((object) => orderOf(object) > after.last) : all;
  const limit = Number(query.get('limit') ?? 0);
  const page = limit > 0 ? remaining.slice(0, limit) : remaining;
  const version = requestedVersion ?? cluster.store.resourceVersion;
  const last = page.at(-1);
  const metadata = {
    resourceVersion: version,
    ...(last &&
      page.length < remaining.length && {
        continue: encodeContinue({ version, last: orderOf(last) }),
        remainingItemCount: remaining.length - page.length,
      }),
  };
  if (wantsTable(request)) {
    respondTable(request, page, metadata);
    return;
  }
  respondJson(request.response, 200, {
    kind: `${kind.kind}List`,
    apiVersion: groupVersion(kind),
    metadata,
    // Items of a list do not repeat their kind.
    items: page.map(({ kind: _kind, apiVersion: _version, ...item }) => item),
  });
}

function exactVersion(query: URLSearchParams): string | undefined {
  const isExact = query.get('resourceVersionMatch') === 'Exact';
  return isExact ? (query.get('resourceVersion') ?? undefined) : undefined;
}

/** The error message of the etcd store for a compacted version. */
function tooOld(after: Position | undefined): ApiError {
  return new ApiError(
    410,
    'Expired',
    after
      ? 'The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter.'
      : 'The resourceVersion for the provided list is too old.',
  );
}

interface Position {
  readonly version: string;
  readonly last: string;
}

function encodeContinue({ version, last }: Position): string {
  return Buffer.from(JSON.stringify([version, last])).toString('base64url');
}

function decodeContinue(token: string | null): Position | undefined {
  if (!token) return undefined;
  try {
    const [version, last]: unknown[] = JSON.parse(Buffer.from(token, 'base64url').toString());
    if (typeof version === 'string' && typeof last === 'string') return { version, last };
  } catch {
    // Continue with the refusal: this server did not issue the token.
  }
  throw new ApiError(400, 'BadRequest', 'continue key is not valid: illegal base64 data');
}
