import type { Store } from '../store.ts';
import type { ResourceRequest } from './context.ts';
import { objectAt, objectsAt } from './json.ts';
import { podSpecOf } from './podSpec.ts';
import type { ResourceRoute } from './route.ts';
import { ApiError, badRequest, internalError } from './status.ts';

/*
 * A simulated admission policy of a namespace, configured with its annotations:
 *
 * | `netdebug.test/…` | value | effect |
 * |---|---|---|
 * | `deny` | `TEXT` | requests are denied with this text |
 * | `deny-what` | `debuggers` (the default), `capabilities`, `pods`, `exec` | the denied requests, one or more words: ephemeral containers; ephemeral containers and pods with added capabilities; new pods; exec |
 * | `deny-as` | `webhook-CODE` (`webhook-403` is the default), `policy`, `unreachable`, `no-dry-run` | its wording and status. `no-dry-run`: a webhook that does not support dry runs, and denies the real request with 400 |
 * | `deny-pod` | `NAME` | only this pod instead of the whole namespace |
 * | `deny-name` | `NAME` | the name of the webhook, or of the policy and its binding |
 */
const PREFIX = 'netdebug.test/';

type What = 'debuggers' | 'pods' | 'exec';

/** Throws the refusal of the namespace's policy, with the wording of a real API server. */
export function denyByPolicy(
  store: Store,
  { namespace, name }: Pick<ResourceRoute, 'namespace' | 'name'>,
  what: What,
  { spec, dryRun = false }: { readonly spec?: unknown; readonly dryRun?: boolean } = {},
): void {
  const annotations = store.get('namespaces', undefined, namespace)?.metadata.annotations ?? {};
  const read = (key: string) => annotations[PREFIX + key];
  const text = read('deny');
  if (text === undefined || name !== (read('deny-pod') ?? name)) return;
  const denied = (read('deny-what') ?? 'debuggers').split(' ');
  const hits = denied.includes(what) || (denied.includes('capabilities') && addsAny(spec, what));
  if (!hits) return;
  throw refusal(read('deny-as') ?? 'webhook-403', read('deny-name'), text, name, dryRun);
}

function refusal(
  how: string,
  by = 'deny.netdebug.test',
  text: string,
  pod: string,
  dryRun: boolean,
): ApiError {
  const webhook = (code: number) => {
    const message = `admission webhook "${by}" denied the request: ${text}`;
    return new ApiError(code, undefined, message);
  };
  const [kind, code] = how.split('-');
  if (how === 'no-dry-run')
    return dryRun ? badRequest(`admission webhook "${by}" does not support dry run`) : webhook(400);
  if (how === 'unreachable') return internalError(`failed calling webhook "${by}": ${text}`);
  if (kind === 'webhook') return webhook(Number(code));
  const message = `ValidatingAdmissionPolicy '${by}' with binding '${by}' denied request: ${text}`;
  return new ApiError(422, 'Invalid', `pods "${pod}" is forbidden: ${message}`, {
    name: pod,
    kind: 'pods',
    causes: [{ message }],
  });
}

/** Whether the new containers of that kind in a pod add capabilities. */
function addsAny(spec: unknown, what: What): boolean {
  const field = what === 'debuggers' ? 'ephemeralContainers' : 'containers';
  return objectsAt(objectAt(spec)[field]).some((container) => {
    const { add } = objectAt(objectAt(container.securityContext).capabilities);
    return Array.isArray(add) && add.length > 0;
  });
}

/** Applies the policy to a request that contains a pod, or new ephemeral containers of a pod. */
export function denyPod(
  { cluster, route, query }: ResourceRequest,
  pod: { readonly metadata: { readonly name: string }; readonly [field: string]: unknown },
  what: What,
): void {
  denyByPolicy(cluster.store, { namespace: route.namespace, name: pod.metadata.name }, what, {
    spec: podSpecOf(pod),
    dryRun: query.getAll('dryRun').includes('All'),
  });
}
