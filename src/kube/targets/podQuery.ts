import { Problem } from '../../problem.ts';
import type { KubeApi } from '../api.ts';
import { type LabelSelector, selectorText } from '../labelSelector.ts';
import type { Pod } from '../pod.ts';
import { podsPath } from '../pod.ts';
import { findNamed } from './findNamed.ts';
import { kindNamed, type NamedKind } from './kinds.ts';
import type { GroupTarget } from './parseTargets.ts';
import { endpointPods } from './serviceEndpoints.ts';

/** How the pods behind a target are asked for, once or for as long as somebody watches. */
export interface PodQuery {
  /** The path of a collection of pods. */
  readonly path: string;
  readonly labelSelector: string;
  /** Whether one that was found is meant: labels can be the same by chance. */
  readonly keep: (pod: Pod) => boolean;
  /** Why there may be none, in words that follow the target's name. */
  readonly none: string;
}

interface Workload {
  readonly metadata: { readonly name: string; readonly uid: string };
  readonly spec: { readonly replicas?: number; readonly selector: LabelSelector };
}

interface CronJob {
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

/** Every job's pods have it, since long before batch.kubernetes.io/job-name. */
const JOB_NAME = 'job-name';

/**
 * Reads what a target names, and gives how to ask for its pods. Needs `get` of that kind alone (and
 * `list` of endpointslices for a service without selector). Throws a Problem or ApiError.
 */
export async function podQuery(
  api: KubeApi,
  target: GroupTarget,
  signal?: AbortSignal,
): Promise<PodQuery> {
  const { namespace } = api.access;
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
  if (target.kind === 'service') return ofService(api, target.name, await named(), signal);
  if (target.kind === 'cronjob') return ofCronJob(path, target.name, await named());
  return ofWorkload(path, target.kind, await named());
}

function ofWorkload(path: string, kind: NamedKind, { metadata, spec }: Workload): PodQuery {
  return {
    path,
    labelSelector: selectorText(spec.selector),
    // Between a deployment and its pods stand replica sets, and to read those is another permission.
    keep: kind === 'deployment' ? () => true : (pod) => isOwnedBy(pod, metadata.uid),
    none: spec.replicas === 0 ? 'has no pods: it is scaled to 0 replicas' : 'has no pods',
  };
}

/** Its jobs are named by it and the minute they are for; those somebody made by hand are in its status. */
function ofCronJob(path: string, name: string, { spec, status }: CronJob): PodQuery {
  const active = new Set(status?.active?.map((job) => job.name));
  return {
    path,
    labelSelector: JOB_NAME,
    keep: (pod) => {
      const job = pod.metadata.labels?.[JOB_NAME] ?? '';
      return (
        active.has(job) || (job.startsWith(`${name}-`) && /^\d+$/.test(job.slice(name.length + 1)))
      );
    },
    none: `has no job at the moment; its schedule is "${spec.schedule}"`,
  };
}

async function ofService(
  api: KubeApi,
  name: string,
  { spec: { type, externalName, selector = {} } }: Service,
  signal: AbortSignal | undefined,
): Promise<PodQuery> {
  const path = podsPath(api.access.namespace);
  if (type === 'ExternalName')
    throw new Problem(`service "${name}" is a name for ${externalName}, and has no pods`);
  const labelSelector = selectorText({ matchLabels: selector });
  if (labelSelector !== '')
    return {
      path,
      labelSelector,
      keep: () => true,
      none: 'has no pods: its selector matches none',
    };
  const pods = await endpointPods(api, name, signal);
  return {
    path,
    labelSelector,
    keep: (pod) => pods.has(pod.metadata.name),
    none: 'has no pods: it has no selector, and its endpoints are no pods of this namespace',
  };
}

function isOwnedBy(pod: Pod, uid: string): boolean {
  return pod.metadata.ownerReferences?.some((owner) => owner.uid === uid) === true;
}
