import { access, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Pod } from './pod.ts';
import { parseQuantity } from './quantity.ts';
import { cpuPeriod } from './resources.ts';

const root = '/sys/fs/cgroup';

/**
 * Limits the existing control group of a pod as the kubelet does: to the sum of its containers' limits if every
 * container has one. Ephemeral containers share that limit.
 */
export async function limitPodCgroup(cgroup: string, pod: Pod): Promise<void> {
  const memory = sumOfLimits(pod, 'memory');
  const cpu = sumOfLimits(pod, 'cpu');
  const quota = cpu && Math.max(1000, Math.round(cpu * cpuPeriod));
  const isVersion2 = await access(join(root, 'cgroup.controllers')).then(
    () => true,
    () => false,
  );
  const memoryFile = isVersion2
    ? [cgroup, 'memory.max']
    : ['memory', cgroup, 'memory.limit_in_bytes'];
  const cpuFile = isVersion2 ? [cgroup, 'cpu.max'] : ['cpu', cgroup, 'cpu.cfs_quota_us'];
  if (memory) await writeFile(join(root, ...memoryFile), String(Math.floor(memory)));
  if (quota)
    await writeFile(join(root, ...cpuFile), isVersion2 ? `${quota} ${cpuPeriod}` : `${quota}`);
}

/** Undefined if a container does not have that limit. */
function sumOfLimits({ spec }: Pod, resource: string): number | undefined {
  const limits = spec.containers.map((container) => container.resources?.limits?.[resource]);
  return limits.reduce<number | undefined>(
    (sum, limit) =>
      sum === undefined || limit === undefined ? undefined : sum + parseQuantity(limit),
    0,
  );
}
