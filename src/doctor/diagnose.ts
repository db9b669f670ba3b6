import type { DebuggerRequest } from '../debugger/container.ts';
import { roleYaml } from '../debugger/permissions.ts';
import { debuggerStatus } from '../debugger/start.ts';
import type { KubeApi } from '../kube/api.ts';
import type { Pod } from '../kube/pod.ts';
import { onePod } from '../kube/targets/onePod.ts';
import { parseTarget, type Target } from '../kube/targets/parseTargets.ts';
import { accessChecks } from './accessChecks.ts';
import { type Check, failed } from './check.ts';
import { CLUSTER_ROLE_YAML } from './clusterRole.ts';
import { nodeChecks, readNodeFacts } from './nodeChecks.ts';
import { podChecks } from './podChecks.ts';
import { policyCheck } from './policyCheck.ts';
import { clockCheck, protocolCheck, serverVersion, versionCheck } from './serverChecks.ts';
import { toolChecks } from './toolChecks.ts';
import { findWayIn } from './wayIn.ts';

export interface Diagnosis {
  /** Whether all that is needed is there. */
  readonly ready: boolean;
  readonly checks: readonly Check[];
  /** What to ask an administrator for, as YAML to apply; absent when nothing lacks. */
  readonly roles?: string;
}

/** Looks at every precondition of a debugger, in a pod when a target is named. Changes nothing. */
export async function diagnose(
  api: KubeApi,
  target: string | undefined,
  settings: Pick<DebuggerRequest, 'image' | 'pullPolicy' | 'ttl'>,
  signal: AbortSignal,
): Promise<Diagnosis> {
  const asked = target === undefined ? undefined : parseTarget(target);
  const name = asked?.kind === 'pod' ? asked.name : undefined;
  let version: Awaited<ReturnType<typeof serverVersion>>;
  try {
    version = await serverVersion(api, signal);
  } catch (error) {
    signal.throwIfAborted();
    return { ready: false, checks: [failed('API server', error)] };
  }
  const [rights, policy, ofTarget] = await Promise.all([
    accessChecks(api, version, name, signal),
    policyCheck(api, signal),
    asked ? targetChecks(api, asked, { profile: 'network', ...settings }, signal) : [],
  ]);
  const checks = [
    versionCheck(version, api),
    clockCheck(api),
    protocolCheck(version),
    ...rights.checks,
    policy,
    ...ofTarget,
  ];
  const roles = [
    ...(rights.lacksInNamespace ? [roleYaml(api.access.namespace)] : []),
    ...(rights.lacksInCluster ? [CLUSTER_ROLE_YAML] : []),
  ];
  return {
    ready: checks.every(({ level }) => level !== 'fail'),
    checks,
    ...(roles.length > 0 && { roles: roles.join('---\n') }),
  };
}

async function targetChecks(
  api: KubeApi,
  target: Target,
  request: DebuggerRequest,
  signal: AbortSignal,
): Promise<Check[]> {
  let pod: Pod;
  try {
    pod = await onePod(api, [target], { signal, onNote: () => {} });
  } catch (error) {
    signal.throwIfAborted();
    return [failed('pod', error)];
  }
  const node = pod.spec.nodeName;
  const facts = node === undefined ? undefined : await readNodeFacts(api, node, signal);
  const checks = [
    ...podChecks(pod),
    ...(node === undefined ? [] : nodeChecks(node, facts, request.image)),
    ...pullChecks(pod, request.image),
  ];
  // Where the pod cannot be entered, what the API server would say of a container is beside the point.
  if (checks.some(({ level }) => level === 'fail')) return checks;
  const way = await findWayIn(api, pod, request, signal);
  if (way.running === undefined) return [...checks, way.check];
  const { namespace, name } = pod.metadata;
  const place = { namespace, pod: name, container: way.running };
  return [...checks, way.check, ...(await toolChecks(api, place, signal))];
}

/** What became of containers of this image that the pod has. */
function pullChecks(pod: Pod, image: string): Check[] {
  const stuck = (pod.spec.ephemeralContainers ?? [])
    .filter((container) => container.image === image)
    .map(({ name }) => debuggerStatus(pod, name)?.state?.waiting)
    .find((waiting) => /pull|InvalidImageName/i.test(waiting?.reason ?? ''));
  if (!stuck) return [];
  return [
    {
      check: 'image',
      level: 'fail',
      text: `the node cannot pull it: ${stuck.message ?? stuck.reason}`,
      next: ['name one that the node can pull, or has, with --image'],
    },
  ];
}
