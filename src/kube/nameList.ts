import type { KubeApi } from './api.ts';

/** Rows and columns as `kubectl get` asks for them: a hundredth of the objects' size. */
interface Table {
  readonly columnDefinitions: readonly { readonly name: string }[];
  readonly rows: readonly { readonly cells: readonly unknown[] }[];
}
const TABLE = 'application/json;as=Table;v=v1;g=meta.k8s.io';

/** More than these nobody reads, and a large list would not come in time. */
const MOST = '1000';

/** The names of a list's objects, with what `kubectl get` shows in its column STATUS, if any. */
export async function listNames(
  api: KubeApi,
  path: string,
  signal: AbortSignal,
): Promise<{ name: string; status?: string }[]> {
  const table = await api.get<Table>(path, {
    query: { limit: MOST, includeObject: 'None' },
    accept: TABLE,
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
