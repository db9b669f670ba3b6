import type { Pod } from '../../kube/pod.ts';
import type { FetchOptions } from './fetchSpool.ts';
import { hasProcessorToSpare } from './podLimits.ts';

/** How a pod's files are copied without taking the processor from it. */
export type FetchManner = Pick<FetchOptions, 'streams' | 'mayCompress'>;

/** Measured (npm run bench -- fetch): a second stream made no fetch faster, and costs the target. */
const STREAMS = 1;
/** One stream; compression where the pod has the processor for it. */
export function fetchManner(pod: Pod): FetchManner {
  return { streams: STREAMS, mayCompress: hasProcessorToSpare(pod) };
}
