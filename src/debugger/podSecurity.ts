import type { KubeApi } from '../kube/api.ts';
import { isApiError } from '../kube/apiError.ts';

const ENFORCE = 'pod-security.kubernetes.io/enforce';

/** The level that Pod Security enforces in a namespace; undefined if there is none or the user may not read it. */
export async function enforcedLevel(
  api: KubeApi,
  namespace: string,
  signal?: AbortSignal,
): Promise<string | undefined> {
  const enforced = await readEnforcedLevel(api, namespace, signal);
  return enforced === 'missing' ? undefined : enforced?.level;
}

/**
 * The same in detail: undefined if the user may not read it, an empty object if there is none, `missing` if the
 * namespace does not exist.
 */
export async function readEnforcedLevel(
  api: KubeApi,
  namespace: string,
  signal?: AbortSignal,
): Promise<{ readonly level?: string } | 'missing' | undefined> {
  try {
    const path = `/api/v1/namespaces/${encodeURIComponent(namespace)}`;
    const { metadata } = await api.get<{ metadata: { labels?: Record<string, string> } }>(path, {
      ...(signal && { signal }),
    });
    const level = metadata.labels?.[ENFORCE];
    return level === undefined ? {} : { level };
  } catch (error) {
    signal?.throwIfAborted();
    return isApiError(error, 404) ? 'missing' : undefined;
  }
}
