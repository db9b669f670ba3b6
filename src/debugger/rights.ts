import type { KubeApi } from '../kube/api.ts';
import { type Attempt, mayWe } from '../kube/review.ts';

/** Since this minor version an exec by GET is checked for `create` as well. */
const EXEC_NEEDS_CREATE = 35;

/** What we lack to run commands in the pods of a namespace, as `create pods/exec`; undefined: nothing. */
export async function lackedForExec(
  api: KubeApi,
  namespace: string,
  name: string | undefined,
  signal?: AbortSignal,
): Promise<string | undefined> {
  const may = (verb: string) =>
    mayWe(api, execAttempt(namespace, verb, name), signal).then((allowed) => allowed !== false);
  const [get, create] = await Promise.all([may('get'), may('create')]);
  if (!get) return 'get pods/exec';
  if (!create && (await minorVersion(api, signal)) >= EXEC_NEEDS_CREATE) return 'create pods/exec';
  return undefined;
}

function execAttempt(namespace: string, verb: string, name: string | undefined): Attempt {
  const attempt = { namespace, verb, resource: 'pods', subresource: 'exec' };
  return name === undefined ? attempt : { ...attempt, name };
}

async function minorVersion(api: KubeApi, signal: AbortSignal | undefined): Promise<number> {
  const version = await api
    .get<{ minor?: string }>('/version', { ...(signal && { signal }) })
    .catch(() => undefined);
  return Number.parseInt(version?.minor ?? '', 10) || 0;
}
