import type { KubeApi } from './api.ts';

/** Rows and columns, as `kubectl get` requests them. They have a hundredth of the objects' size. */
interface Table {
  readonly columnDefinitions: readonly { readonly name: string }[];
  readonly rows: readonly { readonly cells: readonly unknown[] }[];
}
const TABLE_MEDIA_TYPE = 'application/json;as=Table;v=v1;g=meta.k8s.io';

/** Nobody reads more names than this, and a large list would arrive too late. */
const MAX_NAMES = '1000';

/** The names of the objects in a list, with the STATUS column of `kubectl get`, if there is one. */
export async function listNames(
  api: KubeApi,
  path: string,
  signal: AbortSignal,
): Promise<{ name: string; status?: string }[]> {
  const table = await api.get<Table>(path, {
    query: { limit: MAX_NAMES, includeObject: 'None' },
    accept: TABLE_MEDIA_TYPE,
    signal,
  });
  const columns = table.columnDefinitions.map(({ name }) => name);
  return table.rows.map(({ cells }) => {
    const status = cells[columns.indexOf('Status')];
    return {
      name: String(cells[columns.indexOf('Name')]),
      ...(typeof status === 'string' && { status }),
    };
  });
}
