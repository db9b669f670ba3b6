import type { KubeApi } from '../kube/api.ts';
import { canI } from '../kube/review.ts';

type Verb = 'get' | 'watch' | 'delete';

/** The permission on a pod that is missing to see a debugger start in it; undefined if none is. */
export async function missingWatchPermission(
  api: KubeApi,
  namespace: string,
  pod: string,
  signal?: AbortSignal,
): Promise<string | undefined> {
  return firstMissing(api, namespace, ['watch'], pod, signal);
}

/** The same for a pod that does not exist yet and is deleted later; a dry run tells whether it may be created. */
export async function missingPodPermission(
  api: KubeApi,
  namespace: string,
  signal?: AbortSignal,
): Promise<string | undefined> {
  return firstMissing(api, namespace, ['watch', 'get', 'delete'], undefined, signal);
}

async function firstMissing(
  api: KubeApi,
  namespace: string,
  verbs: readonly Verb[],
  pod: string | undefined,
  signal: AbortSignal | undefined,
): Promise<string | undefined> {
  const answers = await Promise.all(
    verbs.map((verb) => {
      const name = pod !== undefined && { name: pod };
      return canI(api, { namespace, verb, resource: 'pods', ...name }, signal);
    }),
  );
  const missing = verbs.find((_, index) => answers[index] === false);
  return missing && `${missing} pods`;
}
