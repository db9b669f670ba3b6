import { type JsonObject, objectAt, objectsAt } from '../apiserver/json.ts';
import { isFinished } from '../apiserver/podSpec.ts';
import { removePod } from '../apiserver/pods.ts';
import { type KubeObject, now } from '../store.ts';
import { type Controller, nonZero, tell, type World, writeStatus } from './controller.ts';
import {
  byDispensability,
  createOwnPod,
  deleteOwnPod,
  isActive,
  isLeaving,
  isReady,
} from './ownPods.ts';

const COMPONENT = 'job-controller';

export const jobs: Controller = { resource: 'jobs.batch', reconcile };

function reconcile(world: World, job: KubeObject): number | undefined {
  if (isLeaving(job)) return undefined;
  const status = objectAt(job.status);
  if (outcomeOf(job)) return dropLate(world, job);
  const spec = objectAt(job.spec);
  const pods = world.mirror.controlled('pods', job);
  const succeeded = inPhase(pods, 'Succeeded');
  const failed = inPhase(pods, 'Failed');
  const startTime = spec.suspend === true ? undefined : String(status.startTime ?? now());
  const deadline = Date.parse(String(startTime)) + Number(spec.activeDeadlineSeconds) * 1000;
  const completions = spec.completions === undefined ? undefined : Number(spec.completions);
  const active = pods.filter(isActive);
  let conditions: JsonObject[] | undefined;
  let again = Number.isNaN(deadline) ? undefined : Math.max(0, deadline - Date.now());
  // Without a number of completions, the first success completes the work.
  const isDone = completions === undefined ? succeeded > 0 : succeeded >= completions;
  if (isDone && (completions !== undefined || active.length === 0)) {
    conditions = ended('SuccessCriteriaMet', 'Complete', 'CompletionsReached', DONE);
    tell(world, COMPONENT, job, 'Normal', 'Completed', 'Job completed');
  } else if (failed > Number(spec.backoffLimit ?? 6)) {
    conditions = fail(
      world,
      job,
      'BackoffLimitExceeded',
      'Job has reached the specified backoff limit',
    );
  } else if (Date.now() >= deadline) {
    conditions = fail(
      world,
      job,
      'DeadlineExceeded',
      'Job was active longer than specified deadline',
    );
  } else {
    const parallelism = spec.suspend === true ? 0 : Number(spec.parallelism ?? 1);
    const left = completions === undefined ? parallelism : completions - succeeded;
    const desired = isDone ? 0 : Math.min(parallelism, left);
    const surplus = isDone
      ? []
      : active.toSorted(byDispensability).slice(0, active.length - desired);
    if (active.length > desired)
      for (const pod of surplus) deleteOwnPod(world, COMPONENT, job, pod);
    for (let number = active.length; number < desired; number += 1)
      again = createOwnPod(world, COMPONENT, job, objectAt(spec.template)) ?? again;
  }
  if (conditions) for (const pod of active) deleteOwnPod(world, COMPONENT, job, pod);
  const remaining = world.mirror.controlled('pods', job).filter(isActive);
  writeStatus(world, 'jobs.batch', job, {
    conditions: conditions ?? (status.conditions as JsonObject[] | undefined),
    startTime,
    completionTime: conditions?.[0]?.type === 'SuccessCriteriaMet' ? now() : undefined,
    active: nonZero(conditions ? 0 : remaining.length),
    succeeded: nonZero(succeeded),
    failed: nonZero(failed),
    terminating: world.mirror.controlled('pods', job).filter(isLeaving).length,
    uncountedTerminatedPods: {},
    ready: conditions ? 0 : remaining.filter(isReady).length,
  });
  return again;
}

const DONE = 'Reached expected number of succeeded pods';

function inPhase(pods: readonly KubeObject[], phase: string): number {
  return pods.filter(({ status }) => objectAt(status).phase === phase).length;
}

/** The condition that shows how a job has ended. Undefined before its end. */
export function outcomeOf({ status }: KubeObject): JsonObject | undefined {
  return objectsAt(objectAt(status).conditions).find(
    ({ type, status: isTrue }) =>
      ['Complete', 'Failed'].includes(String(type)) && isTrue === 'True',
  );
}

function fail(world: World, job: KubeObject, reason: string, message: string): JsonObject[] {
  tell(world, COMPONENT, job, 'Warning', reason, message);
  return ended('FailureTarget', 'Failed', reason, message);
}

function ended(first: string, second: string, reason: string, message: string): JsonObject[] {
  const time = now();
  return [first, second].map((type) => ({
    type,
    status: 'True',
    lastProbeTime: time,
    lastTransitionTime: time,
    reason,
    message,
  }));
}

/** Removes a finished job when its TTL is over. Returns when that will be. */
function dropLate(world: World, job: KubeObject): number | undefined {
  const ttl = objectAt(job.spec).ttlSecondsAfterFinished;
  const since = outcomeOf(job)?.lastTransitionTime;
  if (typeof ttl !== 'number') return undefined;
  const left = Date.parse(String(since)) + ttl * 1000 - Date.now();
  if (left > 0) return left;
  const { namespace, name } = job.metadata;
  for (const pod of world.mirror.controlled('pods', job))
    if (!isLeaving(pod) || isFinished(pod))
      removePod(world, pod, { gracePeriodSeconds: undefined });
  world.store.remove('jobs.batch', namespace, name);
  return undefined;
}
