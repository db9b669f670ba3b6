import type { DebuggerSettings } from '../../debugger/container.ts';
import { tcpdumpChangesUser } from '../../debugger/image.ts';
import type { RecordOptions } from '../spool/recordArguments.ts';
import type { RingPlan, RingWishes } from '../spool/ringPlan.ts';

/** A capture that is to go on by itself. */
export interface DetachedRequest extends DebuggerSettings {
  /** A free one is made up when absent. */
  readonly name?: string;
  readonly ring: RingWishes;
  readonly interface?: string;
  readonly snapLength?: number;
  readonly count?: number;
  readonly expression?: string;
  /** Bytes recorded in all. */
  readonly maxBytes?: number;
  /** Seconds from its start to its end. */
  readonly duration: number;
  /** Seconds that what was recorded stays after the end. */
  readonly keep: number;
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

/** What the recorder is told; `created` is when the capture was asked for, `expression` its filter. */
export function recordOptions(
  request: DetachedRequest,
  ring: RingPlan,
  created: Date,
  expression: string | undefined,
): RecordOptions {
  const seconds = Math.floor(created.getTime() / 1000);
  return {
    ...ring,
    bufferKibibytes: BUFFER_KIB,
    until: seconds + request.duration,
    notAfter: seconds + START_WINDOW_S,
    keep: request.keep,
    changesUser: tcpdumpChangesUser(request.image),
    ...(request.interface !== undefined && { device: request.interface }),
    ...(request.snapLength !== undefined && { snapLength: request.snapLength }),
    ...(request.count !== undefined && { count: request.count }),
    ...(request.maxBytes !== undefined && { maxKilobytes: Math.ceil(request.maxBytes / 1000) }),
    ...(expression !== undefined && { expression }),
  };
}

/** Says how long a capture that waits for its container may still begin to record, in local time. */
export function startWindowText({ created }: { readonly created: Date }): string {
  const end = new Date(created.getTime() + START_WINDOW_S * 1000).toTimeString().slice(0, 8);
  return `it cannot be removed before its container starts; one that starts after ${end} ends at once`;
}
