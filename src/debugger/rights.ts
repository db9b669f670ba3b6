import type { KubeApi } from '../kube/api.ts';
import { mayWe } from '../kube/review.ts';

/** What may be done with pods, or with a subresource of theirs. */
interface Right {
  readonly verb: string;
  readonly subresource?: string;
}

/** To see a debugger start, and to run commands in it. */
const TO_ENTER: readonly Right[] = [
  { verb: 'get', subresource: 'exec' },
  { verb: 'create', subresource: 'exec' },
  { verb: 'watch' },
];
/** For a debugger in a pod of its own; that it may be created a dry run tells. */
const TO_KEEP_PODS: readonly Right[] = [...TO_ENTER, { verb: 'get' }, { verb: 'delete' }];

/** Since this minor version an exec by GET is checked for `create` as well. */
const EXEC_NEEDS_CREATE = 35;

/** What we lack to use a debugger in a pod, as `create pods/exec`; undefined: nothing. */
export async function lackedToEnter(
  api: KubeApi,
  namespace: string,
  pod: string,
  signal?: AbortSignal,
): Promise<string | undefined> {
  return firstLacked(api, namespace, TO_ENTER, pod, signal);
}

/** The same for a pod that is yet to be made, and to be deleted. */
export async function lackedToKeepPods(
  api: KubeApi,
  namespace: string,
  signal?: AbortSignal,
): Promise<string | undefined> {
  return firstLacked(api, namespace, TO_KEEP_PODS, undefined, signal);
}

async function firstLacked(
  api: KubeApi,
  namespace: string,
  rights: readonly Right[],
  name: string | undefined,
  signal: AbortSignal | undefined,
): Promise<string | undefined> {
  const answers = await Promise.all(
    rights.map(async (right) => {
      const attempt = {
        ...right,
        namespace,
        resource: 'pods',
        ...(name !== undefined && { name }),
      };
      return { right, allowed: await mayWe(api, attempt, signal) };
    }),
  );
  for (const { right, allowed } of answers)
    if (allowed === false && (await isAskedFor(api, right, signal))) return textOf(right);
  return undefined;
}

async function isAskedFor(
  api: KubeApi,
  { verb, subresource }: Right,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  if (verb !== 'create' || subresource !== 'exec') return true;
  const version = await api
    .get<{ minor?: string }>('/version', { ...(signal && { signal }) })
    .catch(() => undefined);
  return (Number.parseInt(version?.minor ?? '', 10) || 0) >= EXEC_NEEDS_CREATE;
}

function textOf({ verb, subresource }: Right): string {
  return `${verb} pods${subresource === undefined ? '' : `/${subresource}`}`;
}
