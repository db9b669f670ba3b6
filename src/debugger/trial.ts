import type { KubeApi } from '../kube/api.ts';
import { ApiError, ForeignError } from '../kube/apiError.ts';
import { type ExecStream, exec } from '../kube/exec.ts';
import { type EphemeralContainer, type Pod, podPath } from '../kube/pod.ts';
import { explainUnsupported, isRace } from './addContainer.ts';
import { explainForeign, isForeign } from './foreign.ts';
import { isUnsure, type Refusal, refusalOf } from './refusal.ts';

/**
 * What the API server would say to a container in a pod, to a pod, or to an exec.
 * - unknown: it did not say, as where an admission webhook knows no dry run; `error` is what it said
 */
export type TrialResult =
  | { readonly kind: 'allowed' }
  | { readonly kind: 'unknown'; readonly error: ApiError }
  | (Refusal & { readonly kind: 'refused' });

const ALLOWED: TrialResult = { kind: 'allowed' };

/** Nothing is stored, but every check is made. */
export const DRY_RUN = { dryRun: 'All' } as const;

/** Asks whether a container could be added to the pod, which stays as it is. */
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

/** Reads the answer to a trial. Throws errors that do not answer it: a missing object, a lost connection. */
export async function verdictOf(trial: Promise<unknown>): Promise<TrialResult> {
  try {
    await trial;
    return ALLOWED;
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    if (error instanceof ForeignError && isForeign(error)) throw explainForeign(error);
    // Races are handled where the real request is sent.
    if (isRace(error)) return { kind: 'unknown', error };
    const refusal = refusalOf(error);
    if (refusal) return { kind: 'refused', ...refusal };
    if (isUnsure(error)) return { kind: 'unknown', error };
    throw error;
  }
}

/** No container can have this name: names are in lower case. */
const NO_CONTAINER = 'NETDEBUG-CHECK';

/**
 * Asks whether commands may be run in a pod, which need not exist yet. The API server checks permissions
 * and policies first, and only then finds that there is no such container: nothing runs. Throws a Problem
 * when something in between answers.
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

/** Reads the answer to an exec, whose container may exist or not; ends it. Throws as `tryExec`. */
export function execResult(opening: Promise<ExecStream>): Promise<TrialResult> {
  return verdictOf(
    opening.then(
      (stream) => stream.close(),
      (error: unknown) => {
        // Before it passes a request on, the API server itself answers with a Status, but for its limits.
        if (error instanceof ForeignError && error.code !== 429)
          throw explainForeign(error, 'exec');
        if (!isNoSuchContainer(error)) throw error;
      },
    ),
  );
}

/** 404 for a pod that does not exist yet. */
function isNoSuchContainer(error: unknown): boolean {
  if (!(error instanceof ApiError) || error instanceof ForeignError) return false;
  return (error.code === 400 && refusalOf(error)?.denial === undefined) || error.code === 404;
}
