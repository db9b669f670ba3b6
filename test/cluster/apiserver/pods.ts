import type { KubeObject } from '../store.ts';

import type { Cluster } from './context.ts';
import { defaultPod } from './podDefaults.ts';
import { enforcePodSecurity } from './podSecurity.ts';
import { isFinished, podSpecOf } from './podSpec.ts';
import { validatePodSpec, validatePodUpdate } from './podValidation.ts';
import { forbidden, invalid } from './status.ts';
import type { DeleteOptions, Strategy } from './strategy.ts';
import { dropUnknownFields } from './unknownFields.ts';

export const pods: Strategy = {
  prepareCreate(request, pod) {
    const { name } = pod.metadata;
    dropUnknownFields('PodSpec', pod.spec);
    defaultPod(pod);
    const causes = validatePodSpec(podSpecOf(pod));
    if (causes.length > 0) throw invalid(request.kind, name, causes);
    const account = String(podSpecOf(pod).serviceAccountName);
    const { store } = request.cluster;
    if (!store.get('serviceaccounts', request.route.namespace, account)) {
      const why = `error looking up service account ${request.route.namespace}/${account}: serviceaccount ${JSON.stringify(account)} not found`;
      throw forbidden(request.kind, name, why);
    }
    enforcePodSecurity(request, pod);
  },

  prepareUpdate(request, previous, next) {
    // The status changes by its own subresource alone.
    next.status = previous.status;
    dropUnknownFields('PodSpec', next.spec);
    const causes = validatePodUpdate(podSpecOf(previous), podSpecOf(next));
    if (causes.length > 0) throw invalid(request.kind, previous.metadata.name, causes);
  },

  remove: ({ cluster }, pod, options) => removePod(cluster, pod, options),
};

/**
 * Deletes a pod: at once when no kubelet has to stop it first or when the grace period is 0, else by
 * marking it, so that its kubelet stops and removes it. Gives the pod as it then is.
 */
export function removePod(cluster: Cluster, pod: KubeObject, options: DeleteOptions): KubeObject {
  const { name, namespace } = pod.metadata;
  const spec = podSpecOf(pod);
  const own = Number(spec.terminationGracePeriodSeconds ?? 30);
  const idle = !spec.nodeName || isFinished(pod);
  const grace = idle ? 0 : (options.gracePeriodSeconds ?? own);
  if (grace === 0) return cluster.store.remove('pods', namespace, name) ?? pod;
  const marked = cluster.store.update('pods', namespace, name, ({ metadata }) => {
    // A second deletion may only shorten the wait.
    if (metadata.deletionGracePeriodSeconds !== undefined) {
      if (grace >= metadata.deletionGracePeriodSeconds) return;
    } else metadata.generation = (metadata.generation ?? 0) + 1;
    metadata.deletionGracePeriodSeconds = grace;
    metadata.deletionTimestamp = inSeconds(grace);
    return undefined;
  });
  return marked ?? pod;
}

function inSeconds(seconds: number): string {
  return new Date(Date.now() + seconds * 1000).toISOString().replace(/\.\d+Z$/, 'Z');
}
