import type { KubeApi } from '../kube/api.ts';
import type { Check } from './check.ts';

const ENFORCE = 'pod-security.kubernetes.io/enforce';

/** The level of Pod Security that a namespace enforces. What it means for a pod a dry run tells. */
export async function policyCheck(api: KubeApi, signal: AbortSignal): Promise<Check> {
  const { namespace } = api.access;
  const check = 'Pod Security';
  const path = `/api/v1/namespaces/${encodeURIComponent(namespace)}`;
  const found = await api
    .get<{ metadata: { labels?: Record<string, string> } }>(path, { signal })
    .catch(() => undefined);
  signal.throwIfAborted();
  if (!found)
    return {
      check,
      level: 'warning',
      text: `you may not read the level of namespace ${namespace}`,
    };
  const level = found.metadata.labels?.[ENFORCE];
  if (level === undefined || level === 'privileged')
    return { check, level: 'ok', text: `namespace ${namespace} enforces ${level ?? 'no level'}` };
  return {
    check,
    level: 'warning',
    text: `namespace ${namespace} enforces ${level}, which forbids NET_RAW in new containers`,
  };
}
