import type { KubeApi } from './api.ts';

/** How many objects a page of a list has: as many as kubectl asks for. */
const PAGE = '500';

/** Reads a collection whole, page by page. `path` begins with /api or /apis. Throws ApiError or Problem. */
export async function listAll<T>(
  api: KubeApi,
  path: string,
  query: Readonly<Record<string, string>> = {},
  signal?: AbortSignal,
): Promise<T[]> {
  const found: T[] = [];
  let next: string | undefined;
  do {
    const { items, metadata } = await api.get<{ items: T[]; metadata?: { continue?: string } }>(
      path,
      {
        query: { ...query, limit: PAGE, ...(next !== undefined && { continue: next }) },
        ...(signal && { signal }),
      },
    );
    found.push(...items);
    next = metadata?.continue || undefined;
  } while (next !== undefined);
  return found;
}
