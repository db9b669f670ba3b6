import type { KubeApi } from './api.ts';

/** An action to check: the attributes of a request, as the authorizer sees it. */
export interface ResourceAttributes {
  /** Absent for cluster-scoped resources. */
  readonly namespace?: string;
  readonly verb: string;
  /** The core group if absent. */
  readonly group?: string;
  readonly resource: string;
  readonly subresource?: string;
  readonly name?: string;
}

/** Whether the user may do that. Undefined if the check is not possible. */
export async function canI(
  api: KubeApi,
  attributes: ResourceAttributes,
  signal?: AbortSignal,
): Promise<boolean | undefined> {
  const answer = await review<{ allowed?: boolean }>(
    api,
    'authorization.k8s.io',
    'SelfSubjectAccessReview',
    { resourceAttributes: attributes },
    signal,
  );
  return answer?.allowed;
}

/** The user's name, as the API server sees it. Undefined if the server does not tell. */
export async function whoAmI(api: KubeApi, signal?: AbortSignal): Promise<string | undefined> {
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
