import { readEnforcedLevel } from '../debugger/podSecurity.ts';
import type { KubeApi } from '../kube/api.ts';
import type { Check } from './check.ts';

/** The access levels that each Pod Security level allows (src/debugger/accessLevel.ts). */
const LEVEL_EFFECTS: Readonly<Record<string, string>> = {
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
  const enforced = await readEnforcedLevel(api, namespace, signal);
  if (enforced === 'missing')
    return {
      check: 'namespace',
      level: 'fail',
      kind: 'not-found',
      text: `there is no namespace "${namespace}" in this cluster`,
      next: ['kubectl get namespaces   lists the namespaces; choose one with -n'],
    };
  if (!enforced)
    return {
      check,
      level: 'warning',
      text: `you may not read the level of namespace ${namespace}`,
    };
  const { level = 'no level' } = enforced;
  const effect = LEVEL_EFFECTS[level];
  const text = `namespace ${namespace} enforces ${level}`;
  if (effect === undefined) return { check, level: 'ok', text };
  return { check, level: 'warning', text: `${text}, which ${effect}` };
}
