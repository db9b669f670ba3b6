import type { KubeApi } from './api.ts';
import { type Pod, podsPath } from './pod.ts';

/** Pods per page of a list. */
const PAGE_SIZE = 500;

/** Every pod in a namespace, or in all namespaces, read page by page. */
export async function* allPods(
  api: KubeApi,
  namespace: string | 'all',
  signal?: AbortSignal,
): AsyncGenerator<Pod> {
  const path = namespace === 'all' ? '/api/v1/pods' : podsPath(namespace);
  let continueToken: string | undefined;
  do {
    const { items, metadata } = await api.get<{ items: Pod[]; metadata: { continue?: string } }>(
      path,
      {
        query: {
          limit: String(PAGE_SIZE),
          ...(continueToken !== undefined && { continue: continueToken }),
        },
        ...(signal && { signal }),
      },
    );
    yield* items;
    continueToken = metadata.continue || undefined;
  } while (continueToken !== undefined);
}
