import { quotaStatus } from './resourceQuotas.ts';
import type { Strategy } from './strategy.ts';

/** The server sets the status of a quota. The quota controller keeps it up to date. */
export const quotas: Strategy = {
  prepareCreate({ cluster, route }, quota) {
    quota.status = quotaStatus(cluster.store, route.namespace, quota);
  },
  prepareUpdate({ cluster, route }, _previous, next) {
    next.status = quotaStatus(cluster.store, route.namespace, next);
  },
};
