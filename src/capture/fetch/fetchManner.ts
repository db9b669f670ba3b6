import type { Pod } from '../../kube/pod.ts';
import type { FetchOptions } from './fetchSpool.ts';
import { hasProcessorToSpare } from './podLimits.ts';

/** How to copy a pod's files without taking too much CPU from the pod. */
export type FetchManner = Pick<FetchOptions, 'streams' | 'mayCompress'>;

/** Measured (npm run bench -- fetch): a second stream never made a fetch faster, and costs the target CPU. */
const STREAMS = 1;
/** One stream; compression if the pod has CPU to spare. */
export function fetchManner(pod: Pod): FetchManner {
  return { streams: STREAMS, mayCompress: hasProcessorToSpare(pod) };
}
