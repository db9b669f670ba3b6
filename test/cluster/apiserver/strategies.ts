import { limitRanges } from './limitRanges.ts';
import { namespaces } from './namespaces.ts';
import { pods } from './pods.ts';
import { quotas } from './quotas.ts';
import { roles } from './roles.ts';
import { services } from './services.ts';
import type { Strategy } from './strategy.ts';
import { cronJobs, daemonSets, deployments, jobs, replicaSets, statefulSets } from './workloads.ts';

const STRATEGIES: Readonly<Record<string, Strategy>> = {
  limitranges: limitRanges,
  namespaces,
  pods,
  resourcequotas: quotas,
  services,
  'clusterroles.rbac.authorization.k8s.io': roles,
  'cronjobs.batch': cronJobs,
  'daemonsets.apps': daemonSets,
  'deployments.apps': deployments,
  'jobs.batch': jobs,
  'replicasets.apps': replicaSets,
  'roles.rbac.authorization.k8s.io': roles,
  'statefulsets.apps': statefulSets,
};

export function strategyOf(resource: string): Strategy {
  return STRATEGIES[resource] ?? {};
}
