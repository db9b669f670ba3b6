import { setTimeout as wait } from 'node:timers/promises';
import type { KubeApi } from '../kube/api.ts';
import { ignoreNotFound } from '../kube/apiError.ts';
import { type Pod, podPath } from '../kube/pod.ts';
import { debuggerStatus } from './start.ts';

/** Milliseconds to wait until a pod's status shows the end of a container: a busy kubelet reports it late. */
const LIMIT_MS = 60_000;
/** Pauses between checks, in milliseconds. They grow, because a command may wait for many containers at once. */
const FIRST_PAUSE_MS = 200;
const MAX_PAUSE_MS = 1_000;

/**
 * Waits until the API server reports that a container has ended or that its pod is gone. Returns false if that takes
 * too long.
 */
export async function hasContainerEnded(
  api: KubeApi,
  { metadata: { namespace, name, uid } }: Pod,
  container: string,
  signal: AbortSignal,
): Promise<boolean> {
  const limit = performance.now() + LIMIT_MS;
  for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(pause * 1.5, MAX_PAUSE_MS)) {
    const pod = await api.get<Pod>(podPath(namespace, name), { signal }).catch(ignoreNotFound);
    if (!pod || pod.metadata.uid !== uid) return true;
    if (debuggerStatus(pod, container)?.state?.terminated) return true;
    if (performance.now() > limit) return false;
    await wait(pause, undefined, { signal });
  }
}
