import type { KubeObject, Store } from '../store.ts';
import { denyPod } from './admission.ts';
import { admitPod } from './podAdmission.ts';
import { isFinished, podSpecOf } from './podSpec.ts';
import { validatePodUpdate } from './podValidation.ts';
import { invalid } from './status.ts';
import type { DeleteOptions, Strategy } from './strategy.ts';
import { dropUnknownFields } from './unknownFields.ts';

export const pods: Strategy = {
  prepareCreate(request, pod) {
    const { cluster, route, response } = request;
    admitPod(cluster.store, route.namespace, pod, (text) =>
      response.appendHeader('warning', `299 - ${JSON.stringify(text)}`),
    );
    denyPod(request, pod, 'pods');
  },

  prepareUpdate(request, previous, next) {
    // The status can only be changed through its own subresource.
    next.status = previous.status;
    dropUnknownFields('PodSpec', next.spec);
    const causes = validatePodUpdate(podSpecOf(previous), podSpecOf(next));
    if (causes.length > 0) throw invalid(request.kind, previous.metadata.name, causes);
  },

  remove: ({ cluster }, pod, options) => removePod(cluster, pod, options),
};

/**
 * Deletes a pod: at once if no kubelet has to stop it first, or if the grace period is 0. Otherwise marks it, so that
 * its kubelet stops and removes it. Returns the resulting pod.
 */
export function removePod(
  { store }: { readonly store: Store },
  pod: KubeObject,
  options: DeleteOptions,
): KubeObject {
  const { name, namespace } = pod.metadata;
  const spec = podSpecOf(pod);
  const own = Number(spec.terminationGracePeriodSeconds ?? 30);
  const idle = !spec.nodeName || isFinished(pod);
  const grace = idle ? 0 : (options.gracePeriodSeconds ?? own);
  if (grace === 0) return store.remove('pods', namespace, name) ?? pod;
  const marked = store.update('pods', namespace, name, ({ metadata }) => {
    // A second deletion may only shorten the grace period.
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
