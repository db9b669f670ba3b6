import type { KubeApi } from '../../kube/api.ts';
import { isApiError } from '../../kube/apiError.ts';
import { hasFinished, type Pod, podPath } from '../../kube/pod.ts';

/** How long ago the first of the pod's own containers was started, in milliseconds; undefined if not known. */
export async function podRunningTime(api: KubeApi, { metadata }: Pod): Promise<number | undefined> {
  try {
    const { status } = await api.get<Pod>(podPath(metadata.namespace, metadata.name));
    const started = [
      ...(status?.initContainerStatuses ?? []),
      ...(status?.containerStatuses ?? []),
    ].flatMap(
      ({ state }) =>
        Date.parse(state?.running?.startedAt ?? state?.terminated?.startedAt ?? '') || [],
    );
    return started.length === 0 ? undefined : Math.max(0, api.serverTime() - Math.min(...started));
  } catch {
    // The pod may already be gone.
    return undefined;
  }
}

/** Whether the pod has ended, is being deleted, or is gone. */
export async function hasPodEnded(api: KubeApi, { metadata }: Pod): Promise<boolean> {
  try {
    const now = await api.get<Pod>(podPath(metadata.namespace, metadata.name));
    const phase = now.status?.phase;
    return (
      now.metadata.uid !== metadata.uid ||
      now.metadata.deletionTimestamp !== undefined ||
      hasFinished(phase)
    );
  } catch (error) {
    return isApiError(error, 404);
  }
}
