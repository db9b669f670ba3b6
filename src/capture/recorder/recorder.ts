import type { Debugger } from '../../debugger/place.ts';
import type { KubeApi } from '../../kube/api.ts';
import type { RecorderSpec } from '../spec.ts';
import type { CaptureOutcome, Recording } from './recording.ts';

/** Where a recorder runs. */
export interface RecorderSite {
  readonly api: KubeApi;
  readonly place: Debugger;
  /** What is recorded there, for the user: `pod shop/web`. */
  readonly shown: string;
}

/**
 * Records packets in a debugger and brings them to an output until one of the capture's ends. Throws a Problem; what
 * was written until then stays, and ends with a whole packet. There are two: `streamed` and `spooled`.
 */
export type Recorder = (
  site: RecorderSite,
  recording: Recording<RecorderSpec>,
) => Promise<CaptureOutcome>;
