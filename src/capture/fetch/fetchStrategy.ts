import type { Pod } from '../../kube/pod.ts';
import type { FetchOptions } from './fetchSpool.ts';
import { hasProcessorToSpare } from './podLimits.ts';

/** How to copy a pod's files without taking too much CPU from the pod. */
export type FetchStrategy = Pick<FetchOptions, 'streams' | 'allowCompression'>;

/** Measured (npm run bench -- fetch): a second stream never made a fetch faster, and costs the target CPU. */
const STREAMS = 1;
/** One stream; compression if the pod has CPU to spare. */
export function fetchStrategy(pod: Pod): FetchStrategy {
  return { streams: STREAMS, allowCompression: hasProcessorToSpare(pod) };
}
