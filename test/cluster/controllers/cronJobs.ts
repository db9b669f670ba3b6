import { type JsonObject, objectAt } from '../apiserver/json.ts';
import { selectOwnPods } from '../apiserver/workloads.ts';
import type { KubeObject, NewObject } from '../store.ts';
import { type Controller, ownedBy, tell, type World, writeStatus } from './controller.ts';
import { nextMinute } from './cronSchedule.ts';
import { outcomeOf } from './jobs.ts';

const COMPONENT = 'cronjob-controller';
const JOBS = 'jobs.batch';

export const cronJobs: Controller = { resource: 'cronjobs.batch', reconcile };

function reconcile(world: World, cronJob: KubeObject): number | undefined {
  const spec = objectAt(cronJob.spec);
  const status = objectAt(cronJob.status);
  const last = String(status.lastScheduleTime ?? cronJob.metadata.creationTimestamp);
  const due = nextMinute(String(spec.schedule), new Date(last));
  const wait = due === undefined ? undefined : due.getTime() - Date.now();
  let lastScheduleTime = status.lastScheduleTime;
  if (due && wait !== undefined && wait <= 0 && spec.suspend !== true) {
    startJob(world, cronJob, due);
    lastScheduleTime = rfc3339(due);
  }
  dropOld(world, cronJob);
  const jobs = world.mirror.controlled(JOBS, cronJob);
  const running = jobs.filter((job) => !outcomeOf(job));
  for (const job of running.filter((candidate) => !isScheduled(candidate)))
    reportUnexpected(world, cronJob, job);
  // Jobs that were created with `kubectl create job --from` are not in the status.
  const active = running.filter(isScheduled);
  const successes = jobs.map((job) => objectAt(job.status).completionTime).filter(Boolean);
  writeStatus(world, 'cronjobs.batch', cronJob, {
    active: active.length > 0 ? active.map(referenceTo) : undefined,
    lastScheduleTime,
    lastSuccessfulTime: successes.map(String).sort().at(-1) ?? status.lastSuccessfulTime,
  });
  return wait === undefined ? undefined : Math.max(1_000, Math.min(wait, 60_000));
}

const SCHEDULED = 'batch.kubernetes.io/cronjob-scheduled-timestamp';

/** Whether the controller itself made the job. */
function isScheduled({ metadata }: KubeObject): boolean {
  return metadata.annotations?.[SCHEDULED] !== undefined;
}

function reportUnexpected(world: World, cronJob: KubeObject, job: KubeObject): void {
  const message = `Saw a job that the controller did not create or forgot: ${job.metadata.name}`;
  tell(world, COMPONENT, cronJob, 'Warning', 'UnexpectedJob', message);
}

function startJob(world: World, cronJob: KubeObject, due: Date): void {
  const spec = objectAt(cronJob.spec);
  const running = world.mirror.controlled(JOBS, cronJob).filter((job) => !outcomeOf(job));
  if (spec.concurrencyPolicy === 'Forbid' && running.length > 0) {
    const message = `Not starting job because prior execution is running and concurrency policy is Forbid`;
    tell(world, COMPONENT, cronJob, 'Normal', 'JobAlreadyActive', message);
    return;
  }
  if (spec.concurrencyPolicy === 'Replace')
    for (const { metadata } of running) world.store.remove(JOBS, metadata.namespace, metadata.name);
  const template = objectAt(spec.jobTemplate);
  const given = objectAt(template.metadata);
  const job: NewObject = {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: {
      ...structuredClone(given),
      name: `${cronJob.metadata.name}-${Math.floor(due.getTime() / 60_000)}`,
      namespace: cronJob.metadata.namespace ?? '',
      generation: 1,
      annotations: {
        ...(objectAt(given.annotations) as Record<string, string>),
        [SCHEDULED]: rfc3339(due),
      },
      ownerReferences: [ownedBy(cronJob)],
    },
    spec: structuredClone(objectAt(template.spec)),
    status: {},
  };
  selectOwnPods(job);
  if (!world.store.create(JOBS, job)) return;
  const message = `Created job ${job.metadata.name}`;
  tell(world, COMPONENT, cronJob, 'Normal', 'SuccessfulCreate', message);
}

function dropOld({ store, mirror }: World, cronJob: KubeObject): void {
  const { successfulJobsHistoryLimit = 3, failedJobsHistoryLimit = 1 } = objectAt(cronJob.spec);
  const limits = { Complete: successfulJobsHistoryLimit, Failed: failedJobsHistoryLimit };
  for (const [type, limit] of Object.entries(limits)) {
    const ended = mirror
      .controlled(JOBS, cronJob)
      .filter((job) => outcomeOf(job)?.type === type)
      .sort((a, b) => (a.metadata.name < b.metadata.name ? 1 : -1));
    for (const { metadata } of ended.slice(Number(limit)))
      store.remove(JOBS, metadata.namespace, metadata.name);
  }
}

function referenceTo({ apiVersion, kind, metadata }: KubeObject): JsonObject {
  const { namespace, name, uid, resourceVersion } = metadata;
  return { kind, namespace, name, uid, apiVersion, resourceVersion };
}

function rfc3339(date: Date): string {
  return date.toISOString().replace(/\.\d+Z$/, 'Z');
}
