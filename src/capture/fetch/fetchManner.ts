import type { Pod } from '../../kube/pod.ts';
import { cpuLimit } from '../spool/spoolRoom.ts';
import type { FetchOptions } from './fetchSpool.ts';

/** How a pod's files are copied without taking the processor from it. */
export type FetchManner = Pick<FetchOptions, 'streams' | 'mayCompress'>;

/** Measured (npm run bench -- fetch): a second stream made no fetch faster, and costs the target. */
const STREAMS = 1;
/**
 * Compressing 100 MB takes half a second of a core or more. In a pod limited to a part of one that is time in which the
 * application stands still (measured with checksums: a median latency of 50 ms instead of 1.4 ms).
 */
const CORES_TO_SPARE = 1;

/** One stream; compression where the pod has the processor for it. */
export function fetchManner(pod: Pod): FetchManner {
  return { streams: STREAMS, mayCompress: hasProcessorToSpare(pod) };
}

export function hasProcessorToSpare(pod: Pod): boolean {
  const cores = cpuLimit(pod);
  return cores === undefined || cores > CORES_TO_SPARE;
}
