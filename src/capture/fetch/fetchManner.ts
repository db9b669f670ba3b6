import type { Pod } from '../../kube/pod.ts';
import { cpuLimit } from '../spool/spoolRoom.ts';
import type { FetchOptions } from './fetchSpool.ts';

/** How a pod's files are copied without taking the processor from it. */
export type FetchManner = Pick<FetchOptions, 'verify' | 'streams'>;

/** Measured (npm run bench -- fetch): a second stream made no fetch faster, and costs the target. */
const STREAMS = 1;
/**
 * Checksums of 100 MB take half a second of a core. In a pod limited to a part of one that is time in
 * which the application stands still (measured: a median latency of 50 ms instead of 1.4 ms).
 */
const CORES_TO_SPARE = 1;

/** Sizes and packets always prove a copy; checksums where the pod has the processor for it. */
export function fetchManner(pod: Pod): FetchManner {
  const cores = cpuLimit(pod);
  if (cores === undefined || cores > CORES_TO_SPARE) return { verify: true, streams: STREAMS };
  return {
    verify: {
      unverified: `no checksum was made in the pod: its containers may use ${cores} cores only`,
    },
    streams: STREAMS,
  };
}
