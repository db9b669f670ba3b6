import type { KubeApi } from '../kube/api.ts';
import { ApiError, NonStatusError } from '../kube/apiError.ts';
import { type ExecStream, exec } from '../kube/exec.ts';
import { type EphemeralContainer, type Pod, podPath } from '../kube/pod.ts';
import { explainUnsupported, isRace } from './addContainer.ts';
import { explainForeign, isForeign } from './foreign.ts';
import { isUnsure, type Refusal, refusalOf } from './refusal.ts';

/**
 * The API server's answer to a dry run of a container in a pod, of a pod, or of an exec.
 * - unknown: there was no clear answer, for example because an admission webhook does not support dry runs; `error` is
 *   the response
 */
export type TrialResult =
  | { readonly kind: 'allowed' }
  | { readonly kind: 'unknown'; readonly error: ApiError }
  | (Refusal & { readonly kind: 'refused' });

const ALLOWED: TrialResult = { kind: 'allowed' };

/** The server makes every check but stores nothing. */
export const DRY_RUN = { dryRun: 'All' } as const;

/** Asks whether a container could be added to the pod. Does not change the pod. */
export async function tryContainer(
  api: KubeApi,
  { metadata: { namespace, name } }: Pod,
  container: EphemeralContainer,
  signal?: AbortSignal,
): Promise<TrialResult> {
  try {
    return await verdictOf(
      api.patch(
        `${podPath(namespace, name)}/ephemeralcontainers`,
        { spec: { ephemeralContainers: [container] } },
        'application/strategic-merge-patch+json',
        { query: DRY_RUN, ...(signal && { signal }) },
      ),
    );
  } catch (error) {
    throw explainUnsupported(error);
  }
}

/** Reads the answer to a dry run. Throws errors that are not an answer: a missing object, a lost connection. */
export async function verdictOf(trial: Promise<unknown>): Promise<TrialResult> {
  try {
    await trial;
    return ALLOWED;
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    if (error instanceof NonStatusError && isForeign(error)) throw explainForeign(error);
    // Races are handled when the real request is sent.
    if (isRace(error)) return { kind: 'unknown', error };
    const refusal = refusalOf(error);
    if (refusal) return { kind: 'refused', ...refusal };
    if (isUnsure(error)) return { kind: 'unknown', error };
    throw error;
  }
}

/** No container can have this name: names are lowercase. */
const NO_CONTAINER = 'NETDEBUG-CHECK';

/**
 * Asks whether commands may be run in a pod, which does not have to exist yet. The API server checks permissions and
 * policies first, and finds out afterwards that the container does not exist: nothing runs. Throws a Problem if
 * something between here and the API server answers.
 */
export async function tryExec(
  api: KubeApi,
  namespace: string,
  pod: string,
  signal?: AbortSignal,
): Promise<TrialResult> {
  const options = { namespace, pod, container: NO_CONTAINER, command: ['true'] };
  return execResult(exec(api.access, { ...options, ...(signal && { signal }) }));
}

/** Reads the answer to an exec, whether its container exists or not, and ends the exec. Throws like `tryExec`. */
export function execResult(opening: Promise<ExecStream>): Promise<TrialResult> {
  return verdictOf(
    opening.then(
      (stream) => stream.close(),
      (error: unknown) => {
        // Before it forwards a request, the API server always answers with a Status, except when it limits requests
        // (429).
        if (error instanceof NonStatusError && error.code !== 429)
          throw explainForeign(error, 'exec');
        if (!isNoSuchContainer(error)) throw error;
      },
    ),
  );
}

/** 404 if the pod does not exist yet. */
function isNoSuchContainer(error: unknown): boolean {
  if (!(error instanceof ApiError) || error instanceof NonStatusError) return false;
  return (error.code === 400 && refusalOf(error)?.denial === undefined) || error.code === 404;
}
