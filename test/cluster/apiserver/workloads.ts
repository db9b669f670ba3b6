import { isDeepStrictEqual } from 'node:util';
import type { KubeObject, NewObject } from '../store.ts';
import type { ResourceRequest } from './context.ts';
import { forbiddenField, invalidValue, required, unsupported } from './fieldErrors.ts';
import { type JsonObject, objectAt, objectsAt, stringAt } from './json.ts';
import { selectorMatches } from './objectSelectors.ts';
import { defaultPodSpec } from './podDefaults.ts';
import { warnOfPodTemplate } from './podSecurity.ts';
import { type Cause, invalid } from './status.ts';
import type { Strategy } from './strategy.ts';

/** The properties of one kind of workload. */
interface Workload {
  readonly defaults: (spec: JsonObject) => void;
  /** The status before any controller has seen the object. */
  readonly status: JsonObject;
  readonly policies?: readonly string[];
}

const DEPLOYMENT: Workload = {
  status: {},
  defaults(spec) {
    spec.replicas ??= 1;
    const strategy = objectAt(spec.strategy);
    spec.strategy = strategy;
    strategy.type ??= 'RollingUpdate';
    if (strategy.type === 'RollingUpdate')
      strategy.rollingUpdate = {
        maxUnavailable: '25%',
        maxSurge: '25%',
        ...objectAt(strategy.rollingUpdate),
      };
    else delete strategy.rollingUpdate;
    spec.revisionHistoryLimit ??= 10;
    spec.progressDeadlineSeconds ??= 600;
  },
};

const REPLICA_SET: Workload = {
  status: { replicas: 0 },
  defaults(spec) {
    spec.replicas ??= 1;
  },
};

const STATEFUL_SET: Workload = {
  status: { replicas: 0, availableReplicas: 0 },
  defaults(spec) {
    spec.replicas ??= 1;
    spec.podManagementPolicy ??= 'OrderedReady';
    spec.updateStrategy ??= { type: 'RollingUpdate' };
    const strategy = objectAt(spec.updateStrategy);
    if (strategy.type === 'RollingUpdate')
      strategy.rollingUpdate = { partition: 0, ...objectAt(strategy.rollingUpdate) };
    spec.revisionHistoryLimit ??= 10;
    spec.persistentVolumeClaimRetentionPolicy ??= { whenDeleted: 'Retain', whenScaled: 'Retain' };
  },
};

const DAEMON_SET: Workload = {
  status: {
    currentNumberScheduled: 0,
    numberMisscheduled: 0,
    desiredNumberScheduled: 0,
    numberReady: 0,
  },
  defaults(spec) {
    spec.updateStrategy ??= { type: 'RollingUpdate' };
    const strategy = objectAt(spec.updateStrategy);
    if (strategy.type === 'RollingUpdate')
      strategy.rollingUpdate = {
        maxUnavailable: 1,
        maxSurge: 0,
        ...objectAt(strategy.rollingUpdate),
      };
    spec.revisionHistoryLimit ??= 10;
  },
};

const JOB: Workload = { status: {}, defaults: defaultJob, policies: ['OnFailure', 'Never'] };

function defaultJob(spec: JsonObject): void {
  if (spec.completions === undefined && spec.parallelism === undefined) spec.completions = 1;
  spec.parallelism ??= 1;
  spec.backoffLimit ??= 6;
  spec.completionMode ??= 'NonIndexed';
  spec.suspend ??= false;
  spec.podReplacementPolicy ??= 'TerminatingOrFailed';
  spec.manualSelector ??= false;
}

function strategyFor(workload: Workload): Strategy {
  return {
    prepareCreate(request, object) {
      prepare(request, object, workload);
      object.status = { ...workload.status };
    },
    prepareUpdate(request, previous, next) {
      next.status = previous.status;
      const spec = objectAt(next.spec);
      const before = objectAt(previous.spec).selector;
      spec.selector ??= before;
      if (!isDeepStrictEqual(spec.selector, before))
        throw invalid(request.kind, previous.metadata.name, [
          invalidValue(
            'spec.selector',
            shownAs(JSON.stringify(spec.selector)),
            'field is immutable',
          ),
        ]);
      prepare(request, next, workload);
    },
  };
}

export const deployments = strategyFor(DEPLOYMENT);
export const replicaSets = strategyFor(REPLICA_SET);
export const statefulSets = strategyFor(STATEFUL_SET);
export const daemonSets = strategyFor(DAEMON_SET);

const jobStrategy = strategyFor(JOB);

export const jobs: Strategy = {
  ...jobStrategy,
  prepareCreate(request, job) {
    selectOwnPods(job);
    jobStrategy.prepareCreate?.(request, job);
  },
};

/** A job selects its pods by its own uid, unless it specifies otherwise. */
export function selectOwnPods(job: NewObject): void {
  const spec = objectAt(job.spec);
  defaultJob(spec);
  if (spec.manualSelector === true) return;
  job.metadata.uid ??= crypto.randomUUID();
  const own = { 'batch.kubernetes.io/controller-uid': job.metadata.uid };
  spec.selector = { matchLabels: own };
  const template = objectAt(spec.template);
  spec.template = template;
  const metadata = objectAt(template.metadata);
  template.metadata = metadata;
  metadata.labels = {
    ...objectAt(metadata.labels),
    ...own,
    'batch.kubernetes.io/job-name': job.metadata.name,
    'controller-uid': job.metadata.uid,
    'job-name': job.metadata.name,
  };
}

export const cronJobs: Strategy = {
  prepareCreate(request, cronJob) {
    prepareCronJob(request, cronJob);
    cronJob.status = {};
  },
  prepareUpdate(request, previous, next) {
    next.status = previous.status;
    prepareCronJob(request, next);
  },
};

function prepareCronJob({ kind }: ResourceRequest, cronJob: NewObject): void {
  const spec = objectAt(cronJob.spec);
  spec.concurrencyPolicy ??= 'Allow';
  spec.suspend ??= false;
  spec.successfulJobsHistoryLimit ??= 3;
  spec.failedJobsHistoryLimit ??= 1;
  const template = objectAt(objectAt(objectAt(spec.jobTemplate).spec).template);
  const field = 'spec.jobTemplate.spec.template';
  const causes = [
    ...(stringAt(spec.schedule) ? [] : [required('spec.schedule')]),
    ...templateCauses(template, field, JOB.policies),
  ];
  if (causes.length > 0) throw invalid(kind, cronJob.metadata.name, causes);
}

function prepare(
  { cluster, kind, route, response }: ResourceRequest,
  object: NewObject | KubeObject,
  { defaults, policies }: Workload,
): void {
  const spec = objectAt(object.spec);
  object.spec = spec;
  defaults(spec);
  const template = objectAt(spec.template);
  const causes = [
    ...selectorCauses(spec, template),
    ...templateCauses(template, 'spec.template', policies),
  ];
  if (causes.length > 0) throw invalid(kind, object.metadata.name, causes);
  warnOfPodTemplate(cluster.store, route.namespace, template, (text) =>
    response.appendHeader('warning', `299 - ${JSON.stringify(text)}`),
  );
}

function selectorCauses(spec: JsonObject, template: JsonObject): Cause[] {
  const labels = objectAt(objectAt(template.metadata).labels);
  if (Object.keys(objectAt(spec.selector)).length === 0) return [required('spec.selector')];
  if (selectorMatches(spec.selector, labels)) return [];
  const shown = Object.entries(labels)
    .map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`)
    .sort();
  return [
    invalidValue(
      'spec.template.metadata.labels',
      shownAs(`map[string]string{${shown.join(', ')}}`),
      '`selector` does not match template `labels`',
    ),
  ];
}

/** A value that is shown in an error message as this text, without quotes. */
function shownAs(text: string): object {
  return { toString: () => text };
}

/** Completes a pod template, and returns its errors. */
function templateCauses(
  template: JsonObject,
  field: string,
  policies: readonly string[] = ['Always'],
): Cause[] {
  const spec = objectAt(template.spec);
  if (objectsAt(spec.containers).length === 0) return [required(`${field}.spec.containers`)];
  const given = stringAt(spec.restartPolicy);
  defaultPodSpec(spec);
  if (objectsAt(spec.ephemeralContainers).length > 0)
    return [
      forbiddenField(
        `${field}.spec.ephemeralContainers`,
        'ephemeral containers not allowed in pod template',
      ),
    ];
  if (policies.includes(stringAt(spec.restartPolicy))) return [];
  const place = `${field}.spec.restartPolicy`;
  if (!given)
    return [required(place, `valid values: ${policies.map((policy) => `"${policy}"`).join(', ')}`)];
  return [unsupported(place, given, policies)];
}
