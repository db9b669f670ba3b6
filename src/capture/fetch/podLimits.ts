import type { Pod } from '../../kube/pod.ts';
import { quantityValue } from '../../kube/quantity.ts';
import { cpuLimit } from '../spool/spoolRoom.ts';

/**
 * Compressing 100 MB takes half a second of a core or more. In a pod limited to a part of one that is time in which the
 * application stands still (measured with checksums: a median latency of 50 ms instead of 1.4 ms).
 */
const CORES_TO_SPARE = 1;

/** Whether work in the pod leaves the application its processor. */
export function hasProcessorToSpare(pod: Pod): boolean {
  const cores = cpuLimit(pod);
  return cores === undefined || cores > CORES_TO_SPARE;
}

/** Bytes, when every container has a limit: the pod's control group then has their sum. */
export function memoryLimit({ spec: { containers } }: Pod): number | undefined {
  const limits = containers.map(({ resources }) => quantityValue(resources?.limits?.memory ?? ''));
  return limits.reduce(
    (sum, limit) => (sum === undefined || limit === undefined ? undefined : sum + limit),
    0,
  );
}
