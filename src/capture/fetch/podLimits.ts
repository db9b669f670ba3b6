import type { Pod } from '../../kube/pod.ts';
import { parseQuantity } from '../../kube/quantity.ts';
import { cpuLimit } from '../spool/spoolRoom.ts';

/**
 * Compressing 100 MB takes half a second of a core or more. A pod that is limited to part of a core would stall its
 * application for that time (measured with checksums: a median latency of 50 ms instead of 1.4 ms).
 */
const CORES_TO_SPARE = 1;

/** Whether work in the pod leaves enough CPU for the application. */
export function hasProcessorToSpare(pod: Pod): boolean {
  const cores = cpuLimit(pod);
  return cores === undefined || cores > CORES_TO_SPARE;
}

/** In bytes, if every container has a limit: the pod's cgroup then has their sum as its limit. */
export function memoryLimit({ spec: { containers } }: Pod): number | undefined {
  const limits = containers.map(({ resources }) => parseQuantity(resources?.limits?.memory ?? ''));
  return limits.reduce(
    (sum, limit) => (sum === undefined || limit === undefined ? undefined : sum + limit),
    0,
  );
}
