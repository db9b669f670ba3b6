import type { KubeApi } from '../kube/api.ts';
import { ApiError } from '../kube/apiError.ts';
import { type EphemeralContainer, type Pod, podPath } from '../kube/pod.ts';

/**
 * What the API server would say to a container in a pod, or to a pod.
 * - unknown: it cannot be asked, as where an admission webhook knows no dry run
 */
export type Verdict =
  | { readonly kind: 'allowed' }
  | { readonly kind: 'unknown' }
  | {
      readonly kind: 'refused';
      readonly by: 'rights' | 'pod-security' | 'openshift' | 'webhook' | 'static' | 'other';
      readonly error: ApiError;
    };

/** Nothing is stored, but every check is made. */
export const DRY_RUN = { dryRun: 'All' } as const;

/** Asks whether a container could be added to the pod, which stays as it is. */
export async function tryContainer(
  api: KubeApi,
  { metadata: { namespace, name } }: Pod,
  container: EphemeralContainer,
  signal?: AbortSignal,
): Promise<Verdict> {
  return verdictOf(
    api.patch(
      `${podPath(namespace, name)}/ephemeralcontainers`,
      { spec: { ephemeralContainers: [container] } },
      'application/strategic-merge-patch+json',
      { query: DRY_RUN, ...(signal && { signal }) },
    ),
  );
}

/** Reads what came of a dry run; what is no refusal is thrown. */
export async function verdictOf(dryRun: Promise<unknown>): Promise<Verdict> {
  try {
    await dryRun;
    return { kind: 'allowed' };
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    const { code, serverMessage } = error;
    if (/static pods do not support/.test(serverMessage))
      return { kind: 'refused', by: 'static', error };
    // Races and the like are for whoever asks in earnest.
    if (code !== 403) return { kind: 'unknown' };
    return { kind: 'refused', by: refuserOf(serverMessage), error };
  }
}

function refuserOf(message: string) {
  if (/security context constraint/i.test(message)) return 'openshift' as const;
  if (message.includes('violates PodSecurity')) return 'pod-security' as const;
  if (message.includes('admission webhook')) return 'webhook' as const;
  // The server gives no reason at all where it is a second check that fails.
  return / cannot \w+ resource | is forbidden: *$/.test(message)
    ? ('rights' as const)
    : ('other' as const);
}
