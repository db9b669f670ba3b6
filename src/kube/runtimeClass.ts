import type { KubeApi } from './api.ts';
import { isApiError } from './apiError.ts';

/**
 * The handler of a RuntimeClass: the name that the node's runtime uses for it, such as `runsc`. Undefined if the user
 * may not read it, `missing` if no RuntimeClass has that name.
 */
export async function readHandler(
  api: KubeApi,
  name: string,
  signal?: AbortSignal,
): Promise<string | 'missing' | undefined> {
  try {
    const path = `/apis/node.k8s.io/v1/runtimeclasses/${encodeURIComponent(name)}`;
    const { handler } = await api.get<{ readonly handler?: string }>(path, {
      ...(signal && { signal }),
    });
    return handler;
  } catch (error) {
    signal?.throwIfAborted();
    return isApiError(error, 404) ? 'missing' : undefined;
  }
}
