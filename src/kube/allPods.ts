import type { KubeApi } from './api.ts';
import { type Pod, podsPath } from './pod.ts';

/** How many pods a page of a list has. */
const PAGE = 500;

/** Every pod in a namespace, or in all, read a page at a time. */
export async function* allPods(
  api: KubeApi,
  namespace: string | 'all',
  signal?: AbortSignal,
): AsyncGenerator<Pod> {
  const path = namespace === 'all' ? '/api/v1/pods' : podsPath(namespace);
  let next: string | undefined;
  do {
    const { items, metadata } = await api.get<{ items: Pod[]; metadata: { continue?: string } }>(
      path,
      {
        query: { limit: String(PAGE), ...(next !== undefined && { continue: next }) },
        ...(signal && { signal }),
      },
    );
    yield* items;
    next = metadata.continue || undefined;
  } while (next !== undefined);
}
