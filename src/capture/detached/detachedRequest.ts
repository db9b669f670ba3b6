import type { DebuggerSettings } from '../../debugger/container.ts';
import { tcpdumpChangesUser } from '../../debugger/image.ts';
import type { Debugger } from '../../debugger/place.ts';
import { type CaptureSpec, recorderSpec } from '../spec.ts';
import type { RecordOptions } from '../spool/recordArguments.ts';
import type { RingOptions, RingPlan } from '../spool/ringPlan.ts';
import { inSeconds, type Milliseconds } from '../units.ts';

/** What a detached capture should be. */
export interface DetachedRequest extends DebuggerSettings {
  /** A free one is made up when absent. */
  readonly name?: string;
  readonly ring: RingOptions;
  readonly spec: CaptureSpec & { readonly duration: Milliseconds };
  /** How long the files stay after the end. */
  readonly keep: Milliseconds;
  readonly volume?: string;
  readonly signal: AbortSignal;
  readonly onNote: (text: string) => void;
  readonly onProgress: (text: string) => void;
}

/**
 * A recorder that is started later than this after it was asked for was started a second time, by a
 * kubelet after its node came back: longer than any pull of an image is waited for. In seconds.
 */
export const START_WINDOW_S = 15 * 60;
/**
 * Kernel buffer in KiB, of which the recorder takes no more than a share of the node's free memory: what
 * comes at 4 Gbit/s while a disk stands still for a quarter of a second waits here, unseen.
 */
const BUFFER_KIB = 131_072;

/** The arguments of the recorder. `created`: when the capture was requested, by the API server's clock. */
export function recordOptions(
  { spec, keep, image }: DetachedRequest,
  ring: RingPlan,
  created: Date,
  place: Pick<Debugger, 'ownPorts'>,
): RecordOptions {
  const start = Math.floor(created.getTime() / 1000);
  return {
    // It has a time to end at instead: its container may start late.
    spec: { ...recorderSpec(spec, place), duration: undefined },
    ring,
    bufferKibibytes: BUFFER_KIB,
    until: start + inSeconds(spec.duration),
    notAfter: start + START_WINDOW_S,
    keep,
    changesUser: tcpdumpChangesUser(image),
  };
}

/** Says how long a capture that waits for its container may still begin to record, in local time. */
export function startWindowText({ created }: { readonly created: Date }): string {
  const end = new Date(created.getTime() + START_WINDOW_S * 1000).toTimeString().slice(0, 8);
  return `it cannot be removed before its container starts; if that happens after ${end}, it ends at once`;
}
