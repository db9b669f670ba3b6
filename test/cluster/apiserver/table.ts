import type { KubeObject } from '../store.ts';
import { columnsOf } from './columns.ts';
import type { ResourceRequest } from './context.ts';
import { respondJson } from './respond.ts';

/** Whether the client (kubectl get) prefers rows and columns to objects. */
export function wantsTable({ incoming }: ResourceRequest): boolean {
  const first = (incoming.headers.accept ?? '').split(',')[0] ?? '';
  return /;\s*as=Table\b/.test(first);
}

/** A meta.k8s.io Table of the objects. A watch does not repeat column definitions. */
export function tableOf(
  request: ResourceRequest,
  objects: readonly KubeObject[],
  metadata: Readonly<Record<string, unknown>>,
  withDefinitions: boolean,
): unknown {
  const columns = columnsOf(request.resource);
  const include = request.query.get('includeObject') ?? 'Metadata';
  return {
    kind: 'Table',
    apiVersion: 'meta.k8s.io/v1',
    metadata,
    columnDefinitions: withDefinitions ? columns.map(({ cell: _cell, ...shown }) => shown) : null,
    rows: objects.map((object) => ({
      cells: columns.map(({ cell }) => cell(object)),
      ...(include !== 'None' && { object: include === 'Object' ? object : partial(object) }),
    })),
  };
}

export function respondTable(
  request: ResourceRequest,
  objects: readonly KubeObject[],
  metadata: Readonly<Record<string, unknown>>,
): void {
  respondJson(request.response, 200, tableOf(request, objects, metadata, true));
}

function partial({ metadata }: KubeObject): unknown {
  return { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata };
}
