import type { KubeApi } from './api.ts';

/** What may or may not be done: the attributes of a request, as the authorizer sees it. */
export interface Attempt {
  /** Absent for what is of no namespace. */
  readonly namespace?: string;
  readonly verb: string;
  /** The core group when absent. */
  readonly group?: string;
  readonly resource: string;
  readonly subresource?: string;
  readonly name?: string;
}

/** Whether we may do that; undefined where nobody can be asked. */
export async function mayWe(
  api: KubeApi,
  attempt: Attempt,
  signal?: AbortSignal,
): Promise<boolean | undefined> {
  const answer = await review<{ allowed?: boolean }>(
    api,
    'authorization.k8s.io',
    'SelfSubjectAccessReview',
    { resourceAttributes: attempt },
    signal,
  );
  return answer?.allowed;
}

/** Who we are to the API server; undefined where it does not say. */
export async function whoWeAre(api: KubeApi, signal?: AbortSignal): Promise<string | undefined> {
  const answer = await review<{ userInfo?: { username?: string } }>(
    api,
    'authentication.k8s.io',
    'SelfSubjectReview',
    undefined,
    signal,
  );
  return answer?.userInfo?.username;
}

async function review<Status>(
  api: KubeApi,
  group: string,
  kind: string,
  spec: object | undefined,
  signal: AbortSignal | undefined,
): Promise<Status | undefined> {
  const path = `/apis/${group}/v1/${kind.toLowerCase()}s`;
  const body = { apiVersion: `${group}/v1`, kind, ...(spec && { spec }) };
  const answer = await api
    .post<{ status?: Status }>(path, body, { ...(signal && { signal }) })
    .catch(() => undefined);
  signal?.throwIfAborted();
  return answer?.status;
}
