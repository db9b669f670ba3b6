import type { DebuggerSettings } from '../debugger/container.ts';
import { nodeRoleYaml, roleYaml } from '../debugger/permissions.ts';
import type { KubeApi } from '../kube/api.ts';
import type { NamedTarget } from '../kube/targets/parseTargets.ts';
import { accessChecks, reviewPermissions } from './accessChecks.ts';
import { type Check, failedCheck } from './check.ts';
import { diagnoseTarget } from './diagnoseTarget.ts';
import { execPathCheck } from './execPathCheck.ts';
import { policyCheck } from './policyCheck.ts';
import { clockCheck, protocolCheck, serverVersion, versionCheck } from './serverChecks.ts';
import { topologyCheck } from './topologyCheck.ts';

/** A ClusterRole with the cluster-scoped reads that help to predict problems. */
const CLUSTER_ROLE_YAML = `apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata:
  name: netdebug
rules:
- apiGroups: [""]
  resources: ["nodes", "namespaces"]
  verbs: ["get"]
`;

export interface Diagnosis {
  /** Whether all requirements are met. */
  readonly ready: boolean;
  readonly checks: readonly Check[];
  /** The roles to request from an administrator, as YAML to apply. Absent if nothing is missing. */
  readonly roles?: string;
}

/**
 * Checks every precondition of a debugger: for the target if one is named, else in the current namespace. Changes
 * nothing.
 */
export async function diagnose(
  api: KubeApi,
  target: NamedTarget | undefined,
  currentNamespace: string,
  settings: DebuggerSettings,
  signal: AbortSignal,
): Promise<Diagnosis> {
  const namespace = target?.namespace ?? currentNamespace;
  let version: Awaited<ReturnType<typeof serverVersion>>;
  try {
    version = await serverVersion(api, signal);
  } catch (error) {
    signal.throwIfAborted();
    return { ready: false, checks: [failedCheck('API server', error)] };
  }
  const [targetDiagnosis, policy, topology, execPath] = await Promise.all([
    target && diagnoseTarget(api, target, { profile: 'network', ...settings }, signal),
    policyCheck(api, namespace, signal),
    topologyCheck(api, signal),
    // With a target, the check of its access level covers this.
    target ? [] : execPathCheck(api, namespace, signal),
  ]);
  const permissions = await reviewPermissions(api, namespace, targetDiagnosis?.pod, signal);
  const checks = [
    versionCheck(version, api),
    clockCheck(api),
    protocolCheck(version),
    ...accessChecks(permissions, version, targetDiagnosis?.byNode === true),
    policy,
    topology,
    ...execPath,
    ...(targetDiagnosis?.checks ?? []),
  ];
  const roles = [
    ...(permissions.needsRole ? [roleYaml(namespace)] : []),
    ...(targetDiagnosis?.missingNodeRole === undefined
      ? []
      : [nodeRoleYaml(targetDiagnosis.missingNodeRole)]),
    ...(permissions.needsClusterRole ? [CLUSTER_ROLE_YAML] : []),
  ];
  return {
    ready: checks.every(({ level }) => level !== 'fail'),
    checks,
    ...(roles.length > 0 && { roles: roles.join('---\n') }),
  };
}
