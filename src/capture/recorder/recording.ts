import type { DebuggerSettings } from '../../debugger/container.ts';
import type { Debugger } from '../../debugger/debugger.ts';
import type { EarlyExec } from '../../debugger/earlyExec.ts';
import type { ContainerRef } from '../../debugger/leasedProcess.ts';
import type { NodeTarget } from '../../debugger/node/nodePod.ts';
import type { ResolvedTarget } from '../../kube/targets/resolvedTarget.ts';
import type { Notice } from '../../notice.ts';
import type { Output } from '../../output/output.ts';
import type { TcpdumpStatistics } from '../../tools/tcpdump.ts';
import type { CaptureEnd } from '../captureEnd.ts';
import type { EarlyEnd } from '../earlyEnd.ts';
import type { Gap } from '../follower/gap.ts';
import type { CaptureSpec } from '../spec.ts';
import type { Milliseconds } from '../units.ts';
import type { UnmatchedCapture } from '../unmatched.ts';

/** The state of a running capture. */
export interface CaptureState {
  readonly packets: number;
  readonly bytes: number;
  /** Undefined if the recorder reports drops only at its end. */
  readonly dropped?: number;
  /** Bytes that are recorded in the pod and have not arrived yet. */
  readonly lag?: number;
  /** Set after the end of the capture, while the rest of the recording is copied. */
  readonly ending?: boolean;
  /** When to give up on a lost connection, in milliseconds since the epoch. */
  readonly giveUpAt?: number;
}

/** Shows the progress of a capture. */
export interface CaptureProgress {
  note(notice: Notice): void;
  waiting(text: string): void;
  /**
   * Packets are being captured; `now` returns the current state. `target` is set if there are several; the text names
   * it, too.
   */
  capturing(listening: string, now: () => CaptureState, target?: string): void;
}

/** Describes the target for the user: a debugger on the node is not the target itself. */
export function describeTarget(
  target: ResolvedTarget | NodeTarget,
  { kind, namespace, pod }: Debugger,
): string {
  if (kind === 'ephemeral') return `pod ${namespace}/${pod}`;
  return target.pod
    ? `pod ${target.pod.metadata.namespace}/${target.pod.metadata.name}, through its node`
    : `node ${target.node}`;
}

/** Receives the events of a recording other than its packets. */
export interface RecordingEvents {
  /** The debugger runs. The recorder in it gets this pcap-filter(7) expression, if any. */
  entered(ref: ContainerRef, filter: string | undefined): void;
  /** Packets are being recorded. Packets of a direct stream may arrive shortly before this event. */
  listening(device: string, engine: 'dumpcap' | 'tcpdump'): void;
  /** Something happened between the packets that have arrived and the following ones. */
  remark(text: string): void;
  /** Everything that was on disk in the pod at this uptime of its node (in seconds) has arrived. */
  caughtUp(uptime: number): void;
}

/** A capture of one target's packets into an output. */
export interface Recording<Spec = CaptureSpec> {
  readonly spec: Spec;
  /** `pcap` for packets, `text` for decoded lines. */
  readonly format: 'pcap' | 'text';
  readonly settings: DebuggerSettings;
  /** Streams packets directly, without a spool in the pod. */
  readonly stream?: boolean;
  /** How long the recorder continues after the connection is lost. */
  readonly linger: Milliseconds;
  /** How many targets of the same capture are on the node; 1 when absent. */
  readonly targetsOnNode?: number;
  readonly output: Output;
  /** Ends the capture in order. */
  readonly interrupt: AbortSignal;
  /** Ends the capture immediately; data that has arrived is kept. */
  readonly abandon: AbortSignal;
  readonly progress: CaptureProgress;
  readonly events?: RecordingEvents;
  /** See AccessOptions.early. */
  readonly earlyExec?: EarlyExec | undefined;
}

export interface CaptureOutcome {
  readonly end: CaptureEnd;
  readonly packets: number;
  readonly bytes: number;
  readonly statistics: Partial<TcpdumpStatistics>;
  /** How many times the connection was lost and the capture resumed. */
  readonly interruptions?: number;
  readonly gaps?: readonly Gap[];
  /** Why it ended unexpectedly. */
  readonly earlyEnd?: EarlyEnd;
  /** Set for a capture without packets: where it was made, and what happened in the meantime. */
  readonly unmatched?: UnmatchedCapture;
}
