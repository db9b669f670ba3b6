import { Problem } from '../../problem.ts';
import type { KubeApi } from '../api.ts';
import { isApiError } from '../apiError.ts';
import { type LabelSelector, selectorText } from '../labelSelector.ts';
import type { Pod } from '../pod.ts';
import { podsPath } from '../pod.ts';
import { getObject } from './getObject.ts';
import { kindByName, type NamedKind } from './kinds.ts';
import type { GroupTarget } from './parseTargets.ts';
import { endpointPods } from './serviceEndpoints.ts';

/** How to list or watch the pods behind a target. */
export interface PodQuery {
  /** The path of a collection of pods. */
  readonly path: string;
  readonly labelSelector: string;
  /** Whether a listed pod belongs to the target. Labels may be the same by chance. */
  readonly matches: (pod: Pod) => boolean;
  /** Why there may be no pods, in words that follow the target's name. */
  readonly emptyReason: string;
}

interface Workload {
  readonly metadata: { readonly name: string; readonly uid: string };
  readonly spec: { readonly replicas?: number; readonly selector: LabelSelector };
}

interface CronJob {
  readonly metadata: { readonly uid: string };
  readonly spec: { readonly schedule: string };
  readonly status?: { readonly active?: readonly { readonly name?: string }[] };
}

interface Service {
  readonly spec: {
    readonly type?: string;
    readonly externalName?: string;
    readonly selector?: Readonly<Record<string, string>>;
  };
}

/** The pods of every job have this label, in all versions. batch.kubernetes.io/job-name is newer. */
const JOB_NAME_LABEL = 'job-name';

/**
 * Reads the object that a target names, and returns how to query its pods. Needs `get` of that kind only, and `list` of
 * endpointslices for a service without a selector. Uses `list` of jobs for a cron job if permitted. Throws a Problem or
 * ApiError.
 */
export async function podQuery(
  api: KubeApi,
  target: GroupTarget,
  signal?: AbortSignal,
): Promise<PodQuery> {
  const { namespace } = target;
  const path = podsPath(namespace);
  if (target.kind === 'selector')
    return {
      path: target.allNamespaces ? '/api/v1/pods' : path,
      labelSelector: target.selector,
      matches: () => true,
      emptyReason: target.allNamespaces
        ? 'matches no pods in any namespace'
        : `matches no pods in namespace "${namespace}"`,
    };
  const getTarget = <T>() =>
    getObject<T>(api, kindByName(target.kind), namespace, target.name, signal);
  if (target.kind === 'service')
    return serviceQuery(api, namespace, target.name, await getTarget(), signal);
  if (target.kind === 'cronjob')
    return cronJobQuery(api, namespace, target.name, await getTarget(), signal);
  return workloadQuery(path, target.kind, await getTarget());
}

function workloadQuery(path: string, kind: NamedKind, { metadata, spec }: Workload): PodQuery {
  return {
    path,
    labelSelector: selectorText(spec.selector),
    // The pods of a deployment belong to its replica sets. Reading those needs another permission.
    matches: kind === 'deployment' ? () => true : (pod) => isOwnedBy(pod, metadata.uid),
    emptyReason: spec.replicas === 0 ? 'has no pods: it is scaled to 0 replicas' : 'has no pods',
  };
}

/**
 * The controller names its jobs after the cron job and the scheduled minute, and lists only active jobs in the status.
 * A job from `kubectl create job --from=cronjob/x` is found by its owner.
 */
async function cronJobQuery(
  api: KubeApi,
  namespace: string,
  name: string,
  { metadata, spec, status }: CronJob,
  signal: AbortSignal | undefined,
): Promise<PodQuery> {
  const ownedNames = await ownedJobs(api, namespace, metadata.uid, signal);
  const jobs = new Set([...ownedNames, ...(status?.active ?? []).map((job) => job.name)]);
  return {
    path: podsPath(namespace),
    labelSelector: JOB_NAME_LABEL,
    matches: (pod) => {
      const job = pod.metadata.labels?.[JOB_NAME_LABEL] ?? '';
      return (
        jobs.has(job) || (job.startsWith(`${name}-`) && /^\d+$/.test(job.slice(name.length + 1)))
      );
    },
    emptyReason: `currently has no job; its schedule is "${spec.schedule}"`,
  };
}

/** Names of the jobs of an owner. Empty if the user may not list jobs. */
async function ownedJobs(
  api: KubeApi,
  namespace: string,
  uid: string,
  signal: AbortSignal | undefined,
): Promise<readonly string[]> {
  const path = `/apis/batch/v1/namespaces/${namespace}/jobs`;
  try {
    const { items } = await api.get<{ readonly items: readonly Owned[] }>(
      path,
      signal && { signal },
    );
    return items.filter((job) => isOwnedBy(job, uid)).map((job) => job.metadata.name);
  } catch (error) {
    if (isApiError(error, 403)) return [];
    throw error;
  }
}

async function serviceQuery(
  api: KubeApi,
  namespace: string,
  name: string,
  { spec: { type, externalName, selector = {} } }: Service,
  signal: AbortSignal | undefined,
): Promise<PodQuery> {
  const path = podsPath(namespace);
  if (type === 'ExternalName')
    throw new Problem(`service "${name}" is an alias for ${externalName}, and has no pods`, {
      kind: 'unsuitable',
    });
  const labelSelector = selectorText({ matchLabels: selector });
  if (labelSelector !== '')
    return {
      path,
      labelSelector,
      matches: () => true,
      emptyReason: 'has no pods: its selector matches none',
    };
  const pods = await endpointPods(api, namespace, name, signal);
  return {
    path,
    labelSelector,
    matches: (pod) => pods.has(pod.metadata.name),
    emptyReason:
      'has no pods: it has no selector, and its endpoints are not pods in this namespace',
  };
}

type Owned = Pick<Pod, 'metadata'>;

function isOwnedBy(object: Owned, uid: string): boolean {
  return object.metadata.ownerReferences?.some((owner) => owner.uid === uid) === true;
}
