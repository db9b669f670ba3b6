import type { KubeApi } from './api.ts';

/** Objects per page of a list, the same number as kubectl uses. */
const PAGE_SIZE = '500';

/** Reads a whole collection, page by page. `path` starts with /api or /apis. Throws ApiError or Problem. */
export async function listAll<T>(
  api: KubeApi,
  path: string,
  query: Readonly<Record<string, string>> = {},
  signal?: AbortSignal,
): Promise<T[]> {
  const objects: T[] = [];
  let continueToken: string | undefined;
  do {
    const { items, metadata } = await api.get<{ items: T[]; metadata?: { continue?: string } }>(
      path,
      {
        query: {
          ...query,
          limit: PAGE_SIZE,
          ...(continueToken !== undefined && { continue: continueToken }),
        },
        ...(signal && { signal }),
      },
    );
    objects.push(...items);
    continueToken = metadata?.continue || undefined;
  } while (continueToken !== undefined);
  return objects;
}
