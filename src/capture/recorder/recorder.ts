import type { Debugger } from '../../debugger/place.ts';
import type { KubeApi } from '../../kube/api.ts';
import type { FoundTarget } from '../../kube/targets/foundTarget.ts';
import type { RecorderSpec } from '../spec.ts';
import type { CaptureOutcome, Recording } from './recording.ts';

/** Where a recorder runs. */
export interface RecorderSite {
  readonly api: KubeApi;
  /** What is recorded. */
  readonly found: FoundTarget;
  readonly place: Debugger;
  /** The same for the user: `pod shop/web`. */
  readonly shown: string;
}

/**
 * Records packets in a debugger and brings them to the client until one of the capture's ends. Throws a Problem; what
 * was written until then stays, and ends with a whole packet. There are three: `streamed` and `spooled` write to an
 * output while they record; `ring` copies a folder of files at the end, and gives its manifest.
 */
export type Recorder<
  Request extends { readonly spec: RecorderSpec } = Recording<RecorderSpec>,
  Outcome = CaptureOutcome,
> = (site: RecorderSite, recording: Request) => Promise<Outcome>;
