import type { KubeApi } from '../kube/api.ts';
import { mapConcurrently } from '../kube/mapConcurrently.ts';
import { canI } from '../kube/review.ts';
import type { Check } from './check.ts';
import type { ServerVersion } from './serverChecks.ts';

/** A permission that the API server may grant. */
interface Permission {
  readonly verb: string;
  readonly resource: string;
  readonly subresource?: string;
  /** The purpose of an optional permission. Absent if nothing works without the permission. */
  readonly optionalFor?: string;
  /** The resource is cluster-scoped. */
  readonly isClusterScoped?: true;
  /** Checked for all objects, even if a target is named. */
  readonly isForWholeCollection?: true;
  /** The first minor version that requires it. */
  readonly sinceMinor?: number;
  /** Needed in the target's namespace for an ephemeral container, but not for a pod on the node. */
  readonly isForEphemeral?: true;
}

const PERMISSIONS: readonly Permission[] = [
  { verb: 'get', resource: 'pods' },
  { verb: 'watch', resource: 'pods' },
  {
    verb: 'list',
    resource: 'pods',
    isForWholeCollection: true,
    optionalFor: 'captures and debuggers',
  },
  { verb: 'patch', resource: 'pods', subresource: 'ephemeralcontainers', isForEphemeral: true },
  { verb: 'get', resource: 'pods', subresource: 'exec', isForEphemeral: true },
  { verb: 'create', resource: 'pods', subresource: 'exec', sinceMinor: 35, isForEphemeral: true },
  {
    verb: 'list',
    resource: 'events',
    isForWholeCollection: true,
    optionalFor: 'why a debugger does not start',
  },
  {
    verb: 'watch',
    resource: 'events',
    isForWholeCollection: true,
    optionalFor: 'why a debugger does not start',
  },
  {
    verb: 'get',
    resource: 'nodes',
    isClusterScoped: true,
    optionalFor: 'what kind of node a pod is on',
  },
  {
    verb: 'get',
    resource: 'namespaces',
    isClusterScoped: true,
    optionalFor: 'the Pod Security level',
  },
];

const CONCURRENCY = 10;

/** The user's permissions, as the API server reports them. */
export interface PermissionReview {
  readonly answers: readonly {
    readonly permission: Permission;
    readonly allowed: boolean | undefined;
  }[];
  /** Whether a Role is missing, or a ClusterRole (`needsClusterRole`). */
  readonly needsRole: boolean;
  readonly needsClusterRole: boolean;
}

/**
 * Asks the API server for each permission in a namespace. If a pod is named, asks for this pod, because a Role may be
 * limited to names.
 */
export async function reviewPermissions(
  api: KubeApi,
  namespace: string,
  pod: string | undefined,
  signal: AbortSignal,
): Promise<PermissionReview> {
  const answers = await mapConcurrently(PERMISSIONS, CONCURRENCY, async (permission) => ({
    permission,
    allowed: await canI(api, resourceAttributes(permission, namespace, pod), signal),
  }));
  const missing = answers.filter(({ allowed }) => allowed === false);
  return {
    answers,
    needsRole: missing.some(({ permission }) => !permission.isClusterScoped),
    needsClusterRole: missing.some(({ permission }) => permission.isClusterScoped),
  };
}

function resourceAttributes(
  {
    verb,
    resource,
    subresource,
    isClusterScoped: ofCluster,
    isForWholeCollection: ofAll,
  }: Permission,
  namespace: string,
  pod: string | undefined,
) {
  const isNamespace = resource === 'namespaces';
  const name = isNamespace ? namespace : ofCluster || ofAll ? undefined : pod;
  return {
    verb,
    resource,
    ...(subresource !== undefined && { subresource }),
    ...((!ofCluster || isNamespace) && { namespace }),
    ...(name !== undefined && { name }),
  };
}

/** The missing optional permissions for debuggers in another namespace, one per line. */
export async function missingOptionalPermissions(
  api: KubeApi,
  namespace: string,
  signal: AbortSignal,
): Promise<Check[]> {
  const optional = PERMISSIONS.filter(
    ({ optionalFor: niceFor, isClusterScoped: ofCluster }) => niceFor !== undefined && !ofCluster,
  );
  const checks = await mapConcurrently(
    optional,
    CONCURRENCY,
    async ({ verb, resource, optionalFor: niceFor }) => {
      const allowed = await canI(api, { namespace, verb, resource }, signal);
      const text = `you may not ${verb} ${resource} in namespace ${namespace}: netdebug cannot show ${niceFor}`;
      return allowed === false ? [{ check: 'permission', level: 'warning', text } as const] : [];
    },
  );
  return checks.flat();
}

/** One line for each permission. With `byNode`, permissions for ephemeral containers matter less. */
export function accessChecks(
  { answers }: PermissionReview,
  version: ServerVersion,
  byNode: boolean,
): Check[] {
  return answers.map(({ permission: right, allowed }) =>
    permissionCheck(right, allowed, version, byNode),
  );
}

function permissionCheck(
  {
    verb,
    resource,
    subresource,
    optionalFor: niceFor,
    sinceMinor: since = 0,
    isForEphemeral: forEphemeral,
  }: Permission,
  allowed: boolean | undefined,
  { minor }: ServerVersion,
  byNode: boolean,
): Check {
  const action = `${verb} ${resource}${subresource === undefined ? '' : `/${subresource}`}`;
  const check = 'permission';
  if (allowed) return { check, level: 'ok', text: action };
  const warning = (text: string): Check => ({ check, level: 'warning', text });
  if (allowed === undefined) return warning(`${action}: unknown, the API server gave no answer`);
  if (niceFor !== undefined)
    return warning(`you may not ${action}: netdebug cannot show ${niceFor}`);
  if (minor > 0 && minor < since)
    return warning(`you may not ${action}, which is required since Kubernetes 1.${since}`);
  if (forEphemeral && byNode)
    return warning(`you may not ${action}, which is only required for debuggers in pods`);
  return { check, level: 'fail', kind: 'forbidden', text: `you may not ${action}` };
}
