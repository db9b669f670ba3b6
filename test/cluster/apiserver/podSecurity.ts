import type { Store } from '../store.ts';
import type { ResourceRequest } from './context.ts';
import { isLevel, type Level, violations } from './podSecurityChecks.ts';
import { podSpecOf } from './podSpec.ts';
import { forbidden } from './status.ts';

const LABEL = 'pod-security.kubernetes.io/';

interface NamedPod {
  readonly metadata: { readonly name: string };
  readonly [field: string]: unknown;
}

/** Pod Security admission with the labels of the namespace: rejects with 403, or warns in a header. */
export function enforcePodSecurity(
  { cluster, route, response }: ResourceRequest,
  pod: NamedPod,
): void {
  checkPodSecurity(cluster.store, route.namespace, pod, (text) =>
    response.appendHeader('warning', `299 - ${JSON.stringify(text)}`),
  );
}

/** The same for pods that no user creates directly: those of controllers. */
export function checkPodSecurity(
  store: Store,
  namespace: string,
  pod: NamedPod,
  warn: (text: string) => void,
): void {
  const refused = violationOf(store, namespace, 'enforce', pod);
  if (refused) {
    throw forbidden({ group: '', resource: 'pods' }, pod.metadata.name, `violates ${refused}`);
  }
  const warned = violationOf(store, namespace, 'warn', pod);
  if (warned) warn(`would violate ${warned}`);
}

/** A pod template is never rejected, but causes a warning. */
export function warnOfPodTemplate(
  store: Store,
  namespace: string,
  template: { readonly [field: string]: unknown },
  warn: (text: string) => void,
): void {
  const warned = violationOf(store, namespace, 'warn', template);
  if (warned) warn(`would violate ${warned}`);
}

function violationOf(
  store: Store,
  namespace: string,
  mode: 'enforce' | 'warn',
  pod: { readonly [field: string]: unknown },
): string | undefined {
  const labels = store.get('namespaces', undefined, namespace)?.metadata.labels ?? {};
  const level = labels[`${LABEL}${mode}`];
  if (!isLevel(level)) return undefined;
  return violationText(level, labels[`${LABEL}${mode}-version`] ?? 'latest', pod);
}

function violationText(
  level: Level,
  version: string,
  pod: { readonly [field: string]: unknown },
): string | undefined {
  const problems = violations(level, podSpecOf(pod));
  if (problems.length === 0) return undefined;
  const list = problems.map(({ reason, detail }) => `${reason} (${detail})`).join(', ');
  return `PodSecurity "${level}:${version}": ${list}`;
}
