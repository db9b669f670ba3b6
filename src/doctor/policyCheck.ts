import { readEnforcedLevel } from '../debugger/podSecurity.ts';
import type { KubeApi } from '../kube/api.ts';
import type { Check } from './check.ts';

/** The access levels that each Pod Security level allows (src/debugger/accessLevel.ts). */
const LEAVES: Readonly<Record<string, string>> = {
  baseline:
    'allows no added capabilities: debuggers in pods have the default capabilities of the runtime',
  restricted: 'allows no debuggers in pods, and no pods for debuggers on nodes',
};

/** The Pod Security level that a namespace enforces. A dry run shows what it means for a pod. */
export async function policyCheck(
  api: KubeApi,
  namespace: string,
  signal: AbortSignal,
): Promise<Check> {
  const check = 'Pod Security';
  const found = await readEnforcedLevel(api, namespace, signal);
  if (found === 'missing')
    return {
      check: 'namespace',
      level: 'fail',
      text: `there is no namespace "${namespace}" in this cluster`,
      next: ['kubectl get namespaces   lists the namespaces; choose one with -n'],
    };
  if (!found)
    return {
      check,
      level: 'warning',
      text: `you may not read the level of namespace ${namespace}`,
    };
  const { level = 'no level' } = found;
  const leaves = LEAVES[level];
  const text = `namespace ${namespace} enforces ${level}`;
  if (leaves === undefined) return { check, level: 'ok', text };
  return { check, level: 'warning', text: `${text}, which ${leaves}` };
}
