import { isDenial } from '../kube/admission.ts';
import type { KubeApi } from '../kube/api.ts';
import { ApiError } from '../kube/apiError.ts';
import { type EphemeralContainer, type Pod, podPath } from '../kube/pod.ts';
import { Problem } from '../problem.ts';

/** Other clients add containers too: how many times to try when the pod changes at the same moment. */
const MAX_ATTEMPTS = 4;

/** The pod from the response, and the name of the requested container in it. */
export interface Added {
  readonly changed: Pod;
  readonly container: string;
}

/**
 * Adds an ephemeral container to a pod. `choose` returns the container for the current state of the pod. It is called
 * again when another client changed the pod, and may then return the name of an existing container.
 */
export async function addContainer(
  api: KubeApi,
  pod: Pod,
  choose: (pod: Pod) => EphemeralContainer | { readonly existing: string },
): Promise<Added> {
  const { namespace, name } = pod.metadata;
  let current = pod;
  for (let attempt = 1; ; attempt++) {
    const chosen = choose(current);
    if ('existing' in chosen) return { changed: current, container: chosen.existing };
    try {
      const changed = await api.patch<Pod>(
        `${podPath(namespace, name)}/ephemeralcontainers`,
        { spec: { ephemeralContainers: [chosen] } },
        'application/strategic-merge-patch+json',
      );
      return { changed, container: chosen.name };
    } catch (error) {
      if (attempt >= MAX_ATTEMPTS || !isRace(error)) throw explainUnsupported(error);
      current = await api.get<Pod>(podPath(namespace, name));
    }
  }
}

/** Another process took the chosen name, or changed the pod at the same moment. */
export function isRace(error: unknown): boolean {
  return (
    error instanceof ApiError &&
    !isDenial(error.serverMessage) &&
    (error.reason === 'Conflict' ||
      (error.reason === 'Invalid' &&
        /existing ephemeral containers|Duplicate value/.test(error.serverMessage)))
  );
}

/** Explains that the cluster does not support ephemeral containers; returns other errors unchanged. */
export function explainUnsupported(error: unknown): unknown {
  const isMissing =
    error instanceof ApiError &&
    error.code === 404 &&
    // For a missing subresource, the message does not name the pod.
    error.serverMessage.includes('could not find the requested resource');
  return isMissing
    ? new Problem('this cluster does not support ephemeral containers (available since 1.25)', {
        kind: 'unsuitable',
        cause: error,
      })
    : error;
}
