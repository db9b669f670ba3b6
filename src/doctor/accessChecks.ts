import type { KubeApi } from '../kube/api.ts';
import { mapLimited } from '../kube/mapLimited.ts';
import type { Check } from './check.ts';
import type { ServerVersion } from './serverChecks.ts';

/** Something that the API server may let us do or not. */
interface Right {
  readonly verb: string;
  readonly resource: string;
  readonly subresource?: string;
  /** What it is for; absent: without it nothing works. */
  readonly niceFor?: string;
  /** Not of a namespace. */
  readonly ofCluster?: true;
  /** Asked of all objects, though a target is named. */
  readonly ofAll?: true;
  /** The first minor version that asks for it. */
  readonly since?: number;
}

const RIGHTS: readonly Right[] = [
  { verb: 'get', resource: 'pods' },
  { verb: 'watch', resource: 'pods' },
  { verb: 'list', resource: 'pods', ofAll: true, niceFor: 'captures, ps and cleanup' },
  { verb: 'patch', resource: 'pods', subresource: 'ephemeralcontainers' },
  { verb: 'get', resource: 'pods', subresource: 'exec' },
  { verb: 'create', resource: 'pods', subresource: 'exec', since: 35 },
  { verb: 'list', resource: 'events', ofAll: true, niceFor: 'why a debugger does not start' },
  { verb: 'watch', resource: 'events', ofAll: true, niceFor: 'why a debugger does not start' },
  { verb: 'get', resource: 'nodes', ofCluster: true, niceFor: 'what kind of node a pod is on' },
  { verb: 'get', resource: 'namespaces', ofCluster: true, niceFor: 'its Pod Security level' },
];

const AT_ONCE = 10;

/** What we may do, right by right. */
export interface Rights {
  readonly checks: readonly Check[];
  /** Whether a Role, or a ClusterRole, would have to be asked for. */
  readonly lacksInNamespace: boolean;
  readonly lacksInCluster: boolean;
}

/** Asks the API server for each right; of one pod, where one is named, since a Role may name it. */
export async function accessChecks(
  api: KubeApi,
  version: ServerVersion,
  pod: string | undefined,
  signal: AbortSignal,
): Promise<Rights> {
  const answers = await mapLimited(RIGHTS, AT_ONCE, async (right) => ({
    right,
    allowed: await mayWe(api, right, right.ofCluster || right.ofAll ? undefined : pod, signal),
  }));
  const lacks = answers.filter(({ allowed }) => allowed === false);
  return {
    checks: answers.map(({ right, allowed }) => rightCheck(right, allowed, version)),
    lacksInNamespace: lacks.some(({ right }) => !right.ofCluster),
    lacksInCluster: lacks.some(({ right }) => right.ofCluster),
  };
}

function rightCheck(
  { verb, resource, subresource, niceFor, since = 0 }: Right,
  allowed: boolean | undefined,
  { minor }: ServerVersion,
): Check {
  const what = `${verb} ${resource}${subresource === undefined ? '' : `/${subresource}`}`;
  const check = 'permission';
  if (allowed) return { check, level: 'ok', text: what };
  if (allowed === undefined)
    return { check, level: 'warning', text: `${what}: the API server does not say` };
  if (niceFor !== undefined)
    return { check, level: 'warning', text: `you may not ${what}, which tells ${niceFor}` };
  if (minor > 0 && minor < since)
    return {
      check,
      level: 'warning',
      text: `you may not ${what}, which servers ask for from 1.${since} on`,
    };
  return { check, level: 'fail', text: `you may not ${what}` };
}

/** undefined where the server does not tell. */
async function mayWe(
  api: KubeApi,
  { verb, resource, subresource, ofCluster }: Right,
  name: string | undefined,
  signal: AbortSignal,
): Promise<boolean | undefined> {
  const { namespace } = api.access;
  const ofNamespace = resource === 'namespaces';
  const resourceAttributes = {
    verb,
    resource,
    ...(subresource !== undefined && { subresource }),
    ...((!ofCluster || ofNamespace) && { namespace }),
    ...(name !== undefined && { name }),
    ...(ofNamespace && { name: namespace }),
  };
  const answer = await api
    .post<{ status?: { allowed?: boolean } }>(
      '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews',
      {
        apiVersion: 'authorization.k8s.io/v1',
        kind: 'SelfSubjectAccessReview',
        spec: { resourceAttributes },
      },
      { signal },
    )
    .catch(() => undefined);
  signal.throwIfAborted();
  return answer?.status?.allowed;
}
