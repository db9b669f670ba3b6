import { createHash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { groupVersion, RESOURCES, type ResourceKind } from './resources.ts';
import { respondJson } from './respond.ts';

const AGGREGATED = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';

/**
 * Answers /api, /apis and paths below them, in the aggregated form if the client prefers it. Returns false for other
 * paths.
 */
export function respondDiscovery(
  request: IncomingMessage,
  response: ServerResponse,
  path: string,
): boolean {
  if (path === '/api' || path === '/apis') {
    if (wantsAggregated(request)) {
      respondAggregated(response, aggregated(path === '/api'));
    } else respondJson(response, 200, path === '/api' ? coreVersions(request) : groupList());
    return true;
  }
  const [, root, first = '', second] = path.split('/');
  const group = root === 'api' ? '' : first;
  const version = root === 'api' ? first : second;
  const kinds = RESOURCES.filter((kind) => kind.group === group);
  if (kinds.length === 0) return false;
  if (version === undefined) respondJson(response, 200, { ...apiGroup(group), ...GROUP });
  else if (version === 'v1') respondJson(response, 200, resourceList(kinds));
  else return false;
  return true;
}

function respondAggregated(response: ServerResponse, document: unknown): void {
  const hash = createHash('sha512').update(JSON.stringify(document)).digest('hex').toUpperCase();
  response.setHeader('etag', `"${hash}"`);
  response.setHeader('vary', 'Accept');
  respondJson(response, 200, document, AGGREGATED, 'public');
}

const GROUP = { kind: 'APIGroup', apiVersion: 'v1' };

function wantsAggregated({ headers }: IncomingMessage): boolean {
  return (headers.accept ?? '').replaceAll(' ', '').split(',').includes(AGGREGATED);
}

function coreVersions({ socket }: IncomingMessage): unknown {
  const serverAddress = `${socket.localAddress}:${socket.localPort}`;
  return {
    kind: 'APIVersions',
    versions: ['v1'],
    serverAddressByClientCIDRs: [{ clientCIDR: '0.0.0.0/0', serverAddress }],
  };
}

function groupNames(): string[] {
  return [...new Set(RESOURCES.map(({ group }) => group))].filter(Boolean);
}

function apiGroup(name: string): { name: string; versions: unknown[]; preferredVersion: unknown } {
  const version = { groupVersion: `${name}/v1`, version: 'v1' };
  return { name, versions: [version], preferredVersion: version };
}

function groupList(): unknown {
  return { kind: 'APIGroupList', apiVersion: 'v1', groups: groupNames().map(apiGroup) };
}

function resourceList(kinds: readonly ResourceKind[]): unknown {
  const [first] = kinds;
  return {
    kind: 'APIResourceList',
    ...(first?.group && { apiVersion: 'v1' }),
    groupVersion: first && groupVersion(first),
    resources: kinds.flatMap((kind) => [
      {
        name: kind.resource,
        singularName: kind.singular,
        namespaced: kind.namespaced,
        kind: kind.kind,
        verbs: kind.verbs,
        ...nonEmpty(kind),
      },
      ...kind.subresources.map(({ name, verbs, kind: own }) => ({
        name: `${kind.resource}/${name}`,
        singularName: '',
        namespaced: kind.namespaced,
        ...(own?.group && { group: own.group, version: own.version }),
        kind: own?.kind ?? kind.kind,
        verbs,
      })),
    ]),
  };
}

function aggregated(core: boolean): unknown {
  const groups = core ? [''] : groupNames();
  return {
    kind: 'APIGroupDiscoveryList',
    apiVersion: 'apidiscovery.k8s.io/v2',
    metadata: {},
    items: groups.map((group) => ({
      metadata: group ? { name: group } : {},
      versions: [
        {
          version: 'v1',
          resources: RESOURCES.filter((kind) => kind.group === group).map(aggregatedResource),
          freshness: 'Current',
        },
      ],
    })),
  };
}

function aggregatedResource(kind: ResourceKind): unknown {
  const responseKind = { group: '', version: '', kind: kind.kind };
  return {
    resource: kind.resource,
    responseKind,
    scope: kind.namespaced ? 'Namespaced' : 'Cluster',
    singularResource: kind.singular,
    verbs: kind.verbs,
    ...nonEmpty(kind),
    ...(kind.subresources.length > 0 && {
      subresources: kind.subresources.map(({ name, verbs, kind: own }) => ({
        subresource: name,
        responseKind: own ?? responseKind,
        verbs,
      })),
    }),
  };
}

function nonEmpty({ shortNames, categories }: ResourceKind): object {
  return {
    ...(shortNames.length > 0 && { shortNames }),
    ...(categories.length > 0 && { categories }),
  };
}
