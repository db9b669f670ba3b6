import type { Store } from '../store.ts';
import type { ResourceRequest } from './context.ts';
import { objectAt, objectsAt } from './json.ts';
import { podSpecOf } from './podSpec.ts';
import type { ResourceRoute } from './route.ts';
import { ApiError, badRequest, internalError } from './status.ts';

/*
 * A pretended admission policy of a namespace, by its annotations:
 *
 * | `netdebug.test/…` | value | what happens |
 * |---|---|---|
 * | `deny` | `TEXT` | requests are denied with this text |
 * | `deny-what` | `debuggers` (the default), `capabilities`, `pods`, `exec` | which requests, one word or several: ephemeral containers; ephemeral containers and pods with added capabilities; new pods; exec |
 * | `deny-as` | `webhook-CODE` (`webhook-403` is the default), `policy`, `unreachable`, `no-dry-run` | how it is worded and which status it has. `no-dry-run`: a webhook that refuses dry runs for being such, and denies the real request with 400 |
 * | `deny-pod` | `NAME` | only this pod, and not all of the namespace |
 * | `deny-name` | `NAME` | of the webhook or the policy and its binding |
 */
const PREFIX = 'netdebug.test/';

type What = 'debuggers' | 'pods' | 'exec';

/** Throws the refusal of the namespace's policy, worded as a real API server words it. */
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

/** Whether a pod's new containers of that kind add capabilities. */
function addsAny(spec: unknown, what: What): boolean {
  const field = what === 'debuggers' ? 'ephemeralContainers' : 'containers';
  return objectsAt(objectAt(spec)[field]).some((container) => {
    const { add } = objectAt(objectAt(container.securityContext).capabilities);
    return Array.isArray(add) && add.length > 0;
  });
}

/** The policy's answer to a request with a pod, or a pod's new ephemeral containers, in it. */
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
