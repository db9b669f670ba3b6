import type { LinuxResources } from '../nodes/criMessages.ts';
import type { Resources } from './pod.ts';
import { parseQuantity } from './quantity.ts';

/** The kubelet's period of CPU quotas, in microseconds. */
export const cpuPeriod = 100_000;

/** Limits and requests in the form of control groups. */
export function linuxResources({ limits = {}, requests = {} }: Resources = {}): LinuxResources {
  const cpuRequest = requests.cpu ?? limits.cpu;
  return {
    cpuShares: Math.max(2, Math.floor(cpuRequest ? parseQuantity(cpuRequest) * 1024 : 0)),
    oomScoreAdj: 1000,
    ...(limits.cpu && {
      cpuPeriod,
      cpuQuota: Math.max(1000, Math.round(parseQuantity(limits.cpu) * cpuPeriod)),
    }),
    ...(limits.memory && { memoryLimitInBytes: Math.floor(parseQuantity(limits.memory)) }),
  };
}
