import type { ResourceRequest } from './context.ts';
import { objectAt } from './json.ts';
import { removePod } from './pods.ts';
import { namedObject } from './read.ts';
import { readObject } from './requestBody.ts';
import { respondJson } from './respond.ts';

/** POST of pods/eviction, as sent by `kubectl drain`. There are no disruption budgets. */
export async function evictPod(request: ResourceRequest): Promise<void> {
  const body = await readObject(request.incoming);
  const pod = namedObject(request);
  const gracePeriod = objectAt(body.deleteOptions).gracePeriodSeconds;
  removePod(request.cluster, pod, {
    gracePeriodSeconds: gracePeriod === undefined ? undefined : Number(gracePeriod),
  });
  respondJson(request.response, 201, {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Success',
    code: 201,
  });
}
