import type { KubeObject } from '../store.ts';
import type { ResourceRequest } from './context.ts';
import { type JsonObject, objectAt } from './json.ts';
import { namedObject } from './read.ts';
import { respondJson } from './respond.ts';
import { changeObject } from './update.ts';

/** GET, PUT and PATCH of a workload's scale, which `kubectl scale` uses. */
export async function answerScale(request: ResourceRequest): Promise<void> {
  if (request.route.verb === 'get')
    return respondJson(request.response, 200, scaleOf(namedObject(request)));
  // A patch of the scale's replicas is the same as a patch of the workload's replicas.
  await changeObject(
    request,
    (previous, desired) => ({
      ...previous,
      metadata: { ...previous.metadata },
      spec: { ...objectAt(previous.spec), replicas: Number(objectAt(desired.spec).replicas ?? 0) },
    }),
    scaleOf,
  );
}

function scaleOf({ metadata, spec, status }: KubeObject): JsonObject {
  const { name, namespace, uid, resourceVersion, creationTimestamp } = metadata;
  const labels = Object.entries(objectAt(objectAt(objectAt(spec).selector).matchLabels));
  const selector = labels.map(([label, value]) => `${label}=${value}`).sort();
  return {
    kind: 'Scale',
    apiVersion: 'autoscaling/v1',
    metadata: { name, namespace, uid, resourceVersion, creationTimestamp },
    spec: { replicas: Number(objectAt(spec).replicas ?? 0) },
    status: { replicas: Number(objectAt(status).replicas ?? 0), selector: selector.join(',') },
  };
}
