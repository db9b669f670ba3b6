import { NODE_SELECTOR } from '../../debugger/node/nodePod.ts';
import type { KubeApi } from '../../kube/api.ts';
import { isApiError } from '../../kube/apiError.ts';
import { listAll } from '../../kube/listAll.ts';
import { type Pod, podsPath } from '../../kube/pod.ts';
import { Problem } from '../../problem.ts';
import { capturesOf } from './captures.ts';

/** The first of capture-1, capture-2 … that no capture in these pods uses or has used. */
export function newCaptureName(pods: readonly Pod[]): string {
  const taken = new Set(pods.flatMap(capturesOf).map(({ name }) => name));
  for (let count = 1; ; count++) if (!taken.has(`capture-${count}`)) return `capture-${count}`;
}

/** A name stays taken after a capture ends, because a container cannot be removed from a pod. */
export function chooseCaptureName(pod: Pod, requested: string | undefined): string {
  if (requested === undefined) return newCaptureName([pod]);
  if (capturesOf(pod).some(({ name }) => name === requested))
    throw new Problem(`pod "${pod.metadata.name}" has, or had, a capture named "${requested}"`, {
      kind: 'exists',
      next: [
        'choose another --name: names of ended captures cannot be reused while the pod exists',
      ],
    });
  return requested;
}

/** Our pods on nodes in these namespaces, as far as they may be listed. The names of their captures are taken too. */
export async function listNodePods(
  api: KubeApi,
  namespaces: ReadonlySet<string>,
  signal: AbortSignal,
): Promise<Pod[]> {
  const lists = await Promise.all(
    [...namespaces].map((namespace) =>
      listAll<Pod>(api, podsPath(namespace), { labelSelector: NODE_SELECTOR }, signal).catch(
        (error: unknown) => {
          if (!isApiError(error, 403)) throw error;
          return [];
        },
      ),
    ),
  );
  return lists.flat();
}
