import type { DebuggerSettings } from '../../debugger/container.ts';
import type { Debugger } from '../../debugger/debugger.ts';
import { tcpdumpChangesUser } from '../../debugger/image.ts';
import type { Notice } from '../../notice.ts';
import { type CaptureSpec, recorderSpec } from '../spec.ts';
import type { RecordOptions } from '../spool/recordArguments.ts';
import type { RingOptions, RingPlan } from '../spool/ringPlan.ts';
import { inSeconds, type Milliseconds } from '../units.ts';

/** The properties of a new detached capture. */
export interface DetachedRequest extends DebuggerSettings {
  /** Chosen automatically when absent. */
  readonly name?: string;
  readonly ring: RingOptions;
  readonly spec: CaptureSpec & { readonly duration: Milliseconds };
  /** How long the files are kept after the recording ends. */
  readonly keep: Milliseconds;
  readonly volume?: string;
  readonly signal: AbortSignal;
  readonly onNote: (notice: Notice) => void;
  readonly onProgress: (text: string) => void;
}

/**
 * In seconds. A recorder that starts later than this after its request is being restarted by a kubelet after its node
 * came back. No image pull is waited for that long.
 */
export const START_WINDOW_S = 15 * 60;
/**
 * Kernel buffer in KiB. The recorder limits it to a share of the node's free memory. It holds the packets that arrive
 * at 4 Gbit/s while a disk stalls for a quarter of a second.
 */
const BUFFER_KIB = 131_072;

/** The recorder's options. `created`: when the capture was requested, by the API server's clock. */
export function recordOptions(
  { spec, keep, image }: DetachedRequest,
  ring: RingPlan,
  created: Date,
  dbg: Pick<Debugger, 'ownPorts'>,
): RecordOptions {
  const start = Math.floor(created.getTime() / 1000);
  return {
    // It ends at a fixed time instead, because its container may start late.
    spec: { ...recorderSpec(spec, dbg), duration: undefined },
    ring,
    bufferKibibytes: BUFFER_KIB,
    until: start + inSeconds(spec.duration),
    notAfter: start + START_WINDOW_S,
    keep,
    changesUser: tcpdumpChangesUser(image),
  };
}

/** Tells how long a capture that waits for its container can still start recording, in local time. */
export function startWindowText({ created }: { readonly created: Date }): string {
  const end = new Date(created.getTime() + START_WINDOW_S * 1000).toTimeString().slice(0, 8);
  return `it cannot be removed before its container starts; if it starts after ${end}, it ends immediately`;
}
