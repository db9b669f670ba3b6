import type { NewObject, Store } from '../store.ts';
import { applyLimitRanges, enforceLimitRanges } from './limitRanges.ts';
import { defaultPod, firstStatus } from './podDefaults.ts';
import { checkPodSecurity } from './podSecurity.ts';
import { podSpecOf } from './podSpec.ts';
import { validatePodSpec } from './podValidation.ts';
import { enforceQuotas } from './resourceQuotas.ts';
import { forbidden, invalid } from './status.ts';
import { dropUnknownFields } from './unknownFields.ts';

const PODS = { group: '', resource: 'pods', kind: 'Pod' };

/**
 * Completes a new pod of that namespace and sets its first status, or throws the reason for a refusal. It makes no
 * difference whether a user or a controller creates the pod. `warn` receives warnings for the user.
 */
export function admitPod(
  store: Store,
  namespace: string,
  pod: NewObject,
  warn: (text: string) => void,
): void {
  const { name } = pod.metadata;
  dropUnknownFields('PodSpec', pod.spec);
  defaultPod(pod);
  applyLimitRanges(store, namespace, pod);
  const spec = podSpecOf(pod);
  pod.status = firstStatus(spec);
  const causes = validatePodSpec(spec);
  if (causes.length > 0) throw invalid(PODS, name, causes);
  const account = String(spec.serviceAccountName);
  if (!store.get('serviceaccounts', namespace, account)) {
    const why = `error looking up service account ${namespace}/${account}: serviceaccount ${JSON.stringify(account)} not found`;
    throw forbidden(PODS, name, why);
  }
  enforceLimitRanges(store, namespace, pod);
  checkPodSecurity(store, namespace, pod, warn);
  enforceQuotas(store, namespace, 'pods', pod);
}
