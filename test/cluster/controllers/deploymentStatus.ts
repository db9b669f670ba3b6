import { type JsonObject, objectAt, objectsAt } from '../apiserver/json.ts';
import { type KubeObject, now } from '../store.ts';
import { nonZero } from './controller.ts';
import type { Plan } from './deploymentPlan.ts';
import { count, currentSet } from './deploymentSets.ts';

/** A condition without its times. */
interface Condition {
  readonly type: string;
  readonly status: string;
  readonly reason: string;
  readonly message: string;
}

/** A deployment's status, derived from its replica sets, with the same fields as a real one. */
export function deploymentStatus(
  deployment: KubeObject,
  sets: readonly KubeObject[],
  plan: Plan,
): JsonObject {
  const current = currentSet(deployment, sets);
  const available = count(sets, 'availableReplicas');
  const total = count(sets, 'replicas');
  return {
    observedGeneration: deployment.metadata.generation,
    replicas: nonZero(total),
    updatedReplicas: nonZero(current ? count([current], 'replicas') : 0),
    readyReplicas: nonZero(count(sets, 'readyReplicas')),
    availableReplicas: nonZero(available),
    unavailableReplicas: nonZero(Math.max(0, Math.max(total, plan.replicas) - available)),
    terminatingReplicas: count(sets, 'terminatingReplicas'),
    conditions: conditionsOf(deployment, current, sets, plan).map((condition) =>
      withTimes(condition, objectsAt(objectAt(deployment.status).conditions)),
    ),
  };
}

function conditionsOf(
  deployment: KubeObject,
  current: KubeObject | undefined,
  sets: readonly KubeObject[],
  { replicas, least }: Plan,
): Condition[] {
  const available = count(sets, 'availableReplicas');
  const updated = current ? count([current], 'replicas') : 0;
  const isAvailable = available >= least;
  const isDone =
    updated === replicas && available === replicas && count(sets, 'replicas') === replicas;
  const name = current?.metadata.name;
  const before = objectsAt(objectAt(deployment.status).conditions);
  const failure = current && objectsAt(objectAt(current.status).conditions)[0];
  const wasDone = before.some(
    ({ reason, message }) =>
      reason === 'NewReplicaSetAvailable' && String(message).includes(`"${name}"`),
  );
  return [
    {
      type: 'Available',
      status: isAvailable ? 'True' : 'False',
      reason: isAvailable ? 'MinimumReplicasAvailable' : 'MinimumReplicasUnavailable',
      message: isAvailable
        ? 'Deployment has minimum availability.'
        : 'Deployment does not have minimum availability.',
    },
    ...(failure
      ? [
          {
            type: 'ReplicaFailure',
            status: 'True',
            reason: String(failure.reason),
            message: String(failure.message),
          },
        ]
      : []),
    {
      type: 'Progressing',
      status: 'True',
      reason: isDone || wasDone ? 'NewReplicaSetAvailable' : 'ReplicaSetUpdated',
      message:
        isDone || wasDone
          ? `ReplicaSet "${name}" has successfully progressed.`
          : `ReplicaSet "${name}" is progressing.`,
    },
  ];
}

/** Adds the times of the previous condition as far as it is the same. */
function withTimes(condition: Condition, before: readonly JsonObject[]): JsonObject {
  const { type, status, reason, message } = condition;
  const old = before.find((condition) => condition.type === type);
  const isSame = old?.reason === reason && old.message === message && old.status === status;
  const time = now();
  return {
    type,
    status,
    lastUpdateTime: isSame ? old.lastUpdateTime : time,
    lastTransitionTime: old?.status === status ? old.lastTransitionTime : time,
    reason,
    message,
  };
}
