import type { Debugger } from '../../debugger/debugger.ts';
import type { KubeApi } from '../../kube/api.ts';
import type { ResolvedTarget } from '../../kube/targets/resolvedTarget.ts';
import type { RecorderSpec } from '../spec.ts';
import type { CaptureOutcome, Recording } from './recording.ts';

/** Where a recorder runs. */
export interface RecorderSite {
  readonly api: KubeApi;
  /** The target. */
  readonly target: ResolvedTarget;
  readonly dbg: Debugger;
  /** The target's name for the user: `pod shop/web`. */
  readonly label: string;
}

/**
 * Records packets in a debugger and transfers them to the client until the capture ends. Throws a Problem; data that
 * was already written is kept, and ends with a whole packet. There are three recorders: `streamed` and `spooled` write
 * to an output while they record; `ring` copies a folder of files at the end and returns its manifest.
 */
export type Recorder<
  Request extends { readonly spec: RecorderSpec } = Recording<RecorderSpec>,
  Outcome = CaptureOutcome,
> = (site: RecorderSite, recording: Request) => Promise<Outcome>;
