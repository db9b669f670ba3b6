import type { ResourceRequest } from './context.ts';
import { ApiError } from './status.ts';

/** An annotation of the namespace with the text by which a pretended admission webhook refuses. */
const DENY_ANNOTATION = 'netdebug.test/deny';

/** Refuses with 403 when the namespace says so, worded as a validating webhook's refusal. */
export function denyByAnnotation({ cluster, route }: ResourceRequest): void {
  const namespace = cluster.store.get('namespaces', undefined, route.namespace);
  const text = namespace?.metadata.annotations?.[DENY_ANNOTATION];
  if (text === undefined) return;
  const message = `admission webhook "deny.netdebug.test" denied the request: ${text}`;
  throw new ApiError(403, 'Forbidden', message);
}
