import { Problem } from '../../problem.ts';
import type { KubeApi } from '../api.ts';
import { isApiError } from '../apiError.ts';
import { type LabelSelector, selectorText } from '../labelSelector.ts';
import type { Pod } from '../pod.ts';
import { podsPath } from '../pod.ts';
import { findNamed } from './findNamed.ts';
import { kindNamed, type NamedKind } from './kinds.ts';
import type { GroupTarget } from './parseTargets.ts';
import { endpointPods } from './serviceEndpoints.ts';

/** How to list or watch the pods behind a target. */
export interface PodQuery {
  /** The path of a collection of pods. */
  readonly path: string;
  readonly labelSelector: string;
  /** Whether a listed pod belongs to the target. Labels may be the same by chance. */
  readonly keep: (pod: Pod) => boolean;
  /** Why there may be no pods, in words that follow the target's name. */
  readonly none: string;
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
const JOB_NAME = 'job-name';

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
      keep: () => true,
      none: target.allNamespaces
        ? 'matches no pods in any namespace'
        : `matches no pods in namespace "${namespace}"`,
    };
  const named = <T>() => findNamed<T>(api, kindNamed(target.kind), namespace, target.name, signal);
  if (target.kind === 'service')
    return ofService(api, namespace, target.name, await named(), signal);
  if (target.kind === 'cronjob')
    return ofCronJob(api, namespace, target.name, await named(), signal);
  return ofWorkload(path, target.kind, await named());
}

function ofWorkload(path: string, kind: NamedKind, { metadata, spec }: Workload): PodQuery {
  return {
    path,
    labelSelector: selectorText(spec.selector),
    // The pods of a deployment belong to its replica sets. Reading those needs another permission.
    keep: kind === 'deployment' ? () => true : (pod) => isOwnedBy(pod, metadata.uid),
    none: spec.replicas === 0 ? 'has no pods: it is scaled to 0 replicas' : 'has no pods',
  };
}

/**
 * The controller names its jobs after the cron job and the scheduled minute, and lists only active jobs in the status.
 * A job from `kubectl create job --from=cronjob/x` is found by its owner.
 */
async function ofCronJob(
  api: KubeApi,
  namespace: string,
  name: string,
  { metadata, spec, status }: CronJob,
  signal: AbortSignal | undefined,
): Promise<PodQuery> {
  const owned = await ownedJobs(api, namespace, metadata.uid, signal);
  const jobs = new Set([...owned, ...(status?.active ?? []).map((job) => job.name)]);
  return {
    path: podsPath(namespace),
    labelSelector: JOB_NAME,
    keep: (pod) => {
      const job = pod.metadata.labels?.[JOB_NAME] ?? '';
      return (
        jobs.has(job) || (job.startsWith(`${name}-`) && /^\d+$/.test(job.slice(name.length + 1)))
      );
    },
    none: `currently has no job; its schedule is "${spec.schedule}"`,
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

async function ofService(
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
      keep: () => true,
      none: 'has no pods: its selector matches none',
    };
  const pods = await endpointPods(api, namespace, name, signal);
  return {
    path,
    labelSelector,
    keep: (pod) => pods.has(pod.metadata.name),
    none: 'has no pods: it has no selector, and its endpoints are not pods in this namespace',
  };
}

type Owned = Pick<Pod, 'metadata'>;

function isOwnedBy(object: Owned, uid: string): boolean {
  return object.metadata.ownerReferences?.some((owner) => owner.uid === uid) === true;
}
