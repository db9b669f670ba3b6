import type { ResourceRequest } from './context.ts';
import { isLevel, type Level, violations } from './podSecurityChecks.ts';
import { podSpecOf } from './podSpec.ts';
import { forbidden } from './status.ts';

const LABEL = 'pod-security.kubernetes.io/';

/** Pod Security admission by the labels of the namespace: refuses with 403, or warns in a header. */
export function enforcePodSecurity(
  { cluster, route, response }: ResourceRequest,
  pod: { readonly metadata: { readonly name: string }; readonly [field: string]: unknown },
): void {
  const labels = cluster.store.get('namespaces', undefined, route.namespace)?.metadata.labels ?? {};
  const check = (mode: string): string | undefined => {
    const level = labels[`${LABEL}${mode}`];
    if (!isLevel(level)) return undefined;
    return violationText(level, labels[`${LABEL}${mode}-version`] ?? 'latest', pod);
  };
  const refused = check('enforce');
  if (refused) {
    throw forbidden({ group: '', resource: 'pods' }, pod.metadata.name, `violates ${refused}`);
  }
  const warned = check('warn');
  if (warned)
    response.appendHeader('warning', `299 - ${JSON.stringify(`would violate ${warned}`)}`);
}

function violationText(
  level: Level,
  version: string,
  pod: { readonly [field: string]: unknown },
): string | undefined {
  const found = violations(level, podSpecOf(pod));
  if (found.length === 0) return undefined;
  const list = found.map(({ reason, detail }) => `${reason} (${detail})`).join(', ');
  return `PodSecurity "${level}:${version}": ${list}`;
}
