import type { KubeApi } from '../kube/api.ts';
import { mapConcurrently } from '../kube/mapConcurrently.ts';
import { canI } from '../kube/review.ts';
import type { Check } from './check.ts';
import type { ServerVersion } from './serverChecks.ts';

/** A permission that the API server may grant. */
interface Right {
  readonly verb: string;
  readonly resource: string;
  readonly subresource?: string;
  /** The purpose of an optional permission. Absent if nothing works without the permission. */
  readonly niceFor?: string;
  /** The resource is cluster-scoped. */
  readonly ofCluster?: true;
  /** Checked for all objects, even if a target is named. */
  readonly ofAll?: true;
  /** The first minor version that requires it. */
  readonly since?: number;
  /** Needed in the target's namespace for an ephemeral container, but not for a pod on the node. */
  readonly forEphemeral?: true;
}

const RIGHTS: readonly Right[] = [
  { verb: 'get', resource: 'pods' },
  { verb: 'watch', resource: 'pods' },
  { verb: 'list', resource: 'pods', ofAll: true, niceFor: 'captures and debuggers' },
  { verb: 'patch', resource: 'pods', subresource: 'ephemeralcontainers', forEphemeral: true },
  { verb: 'get', resource: 'pods', subresource: 'exec', forEphemeral: true },
  { verb: 'create', resource: 'pods', subresource: 'exec', since: 35, forEphemeral: true },
  { verb: 'list', resource: 'events', ofAll: true, niceFor: 'why a debugger does not start' },
  { verb: 'watch', resource: 'events', ofAll: true, niceFor: 'why a debugger does not start' },
  { verb: 'get', resource: 'nodes', ofCluster: true, niceFor: 'what kind of node a pod is on' },
  { verb: 'get', resource: 'namespaces', ofCluster: true, niceFor: 'the Pod Security level' },
];

const AT_ONCE = 10;

/** The user's permissions, as the API server reports them. */
export interface Rights {
  readonly answers: readonly { readonly right: Right; readonly allowed: boolean | undefined }[];
  /** Whether a Role is missing, or a ClusterRole (`lacksInCluster`). */
  readonly lacksInNamespace: boolean;
  readonly lacksInCluster: boolean;
}

/**
 * Asks the API server for each permission in a namespace. If a pod is named, asks for this pod, because a Role may be
 * limited to names.
 */
export async function askRights(
  api: KubeApi,
  namespace: string,
  pod: string | undefined,
  signal: AbortSignal,
): Promise<Rights> {
  const answers = await mapConcurrently(RIGHTS, AT_ONCE, async (right) => ({
    right,
    allowed: await canI(api, attemptOf(right, namespace, pod), signal),
  }));
  const lacks = answers.filter(({ allowed }) => allowed === false);
  return {
    answers,
    lacksInNamespace: lacks.some(({ right }) => !right.ofCluster),
    lacksInCluster: lacks.some(({ right }) => right.ofCluster),
  };
}

function attemptOf(
  { verb, resource, subresource, ofCluster, ofAll }: Right,
  namespace: string,
  pod: string | undefined,
) {
  const ofNamespace = resource === 'namespaces';
  const name = ofNamespace ? namespace : ofCluster || ofAll ? undefined : pod;
  return {
    verb,
    resource,
    ...(subresource !== undefined && { subresource }),
    ...((!ofCluster || ofNamespace) && { namespace }),
    ...(name !== undefined && { name }),
  };
}

/** The missing optional permissions for debuggers in another namespace, one per line. */
export async function nicetiesLackedIn(
  api: KubeApi,
  namespace: string,
  signal: AbortSignal,
): Promise<Check[]> {
  const nice = RIGHTS.filter(({ niceFor, ofCluster }) => niceFor !== undefined && !ofCluster);
  const checks = await mapConcurrently(nice, AT_ONCE, async ({ verb, resource, niceFor }) => {
    const allowed = await canI(api, { namespace, verb, resource }, signal);
    const text = `you may not ${verb} ${resource} in namespace ${namespace}: netdebug cannot show ${niceFor}`;
    return allowed === false ? [{ check: 'permission', level: 'warning', text } as const] : [];
  });
  return checks.flat();
}

/** One line for each permission. With `byNode`, permissions for ephemeral containers matter less. */
export function accessChecks(
  { answers }: Rights,
  version: ServerVersion,
  byNode: boolean,
): Check[] {
  return answers.map(({ right, allowed }) => rightCheck(right, allowed, version, byNode));
}

function rightCheck(
  { verb, resource, subresource, niceFor, since = 0, forEphemeral }: Right,
  allowed: boolean | undefined,
  { minor }: ServerVersion,
  byNode: boolean,
): Check {
  const what = `${verb} ${resource}${subresource === undefined ? '' : `/${subresource}`}`;
  const check = 'permission';
  if (allowed) return { check, level: 'ok', text: what };
  const warning = (text: string): Check => ({ check, level: 'warning', text });
  if (allowed === undefined) return warning(`${what}: unknown, the API server gave no answer`);
  if (niceFor !== undefined) return warning(`you may not ${what}: netdebug cannot show ${niceFor}`);
  if (minor > 0 && minor < since)
    return warning(`you may not ${what}, which is required since Kubernetes 1.${since}`);
  if (forEphemeral && byNode)
    return warning(`you may not ${what}, which is only required for debuggers in pods`);
  return { check, level: 'fail', text: `you may not ${what}` };
}
