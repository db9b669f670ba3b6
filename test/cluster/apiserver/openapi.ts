import { createHash } from 'node:crypto';
import { groupVersion, RESOURCES, type ResourceKind, resourcePath } from './resources.ts';

/**
 * Just enough OpenAPI v3 for kubectl to learn that the server validates fields itself. Otherwise kubectl would require
 * the whole schema before it creates anything. Undefined for other paths.
 */
export function openapiDocument(path: string): unknown {
  if (path === '/openapi/v3') return { paths: Object.fromEntries(groupPaths().map(indexEntry)) };
  const group = groupPaths().find((candidate) => path === `/openapi/v3/${candidate}`);
  if (group === undefined) return undefined;
  const kinds = RESOURCES.filter((kind) => pathOf(kind) === group);
  return {
    openapi: '3.0.0',
    info: { title: 'Kubernetes', version: 'v1.36.2' },
    paths: Object.fromEntries(kinds.map(pathEntry)),
  };
}

function pathOf(kind: ResourceKind): string {
  return kind.group ? `apis/${groupVersion(kind)}` : 'api/v1';
}

function groupPaths(): string[] {
  return [...new Set(RESOURCES.map(pathOf))];
}

function indexEntry(path: string): [string, unknown] {
  const hash = createHash('sha256').update(path).digest('hex');
  return [path, { serverRelativeURL: `/openapi/v3/${path}?hash=${hash}` }];
}

function pathEntry(kind: ResourceKind): [string, unknown] {
  const gvk = { group: kind.group, version: kind.version, kind: kind.kind };
  const parameter = { name: 'fieldValidation', in: 'query', schema: { type: 'string' } };
  return [
    resourcePath(kind),
    { patch: { parameters: [parameter], 'x-kubernetes-group-version-kind': gvk, responses: {} } },
  ];
}
