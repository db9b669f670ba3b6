import type { DebuggerSettings } from '../../debugger/container.ts';
import type { EarlyExec } from '../../debugger/earlyExec.ts';
import type { ContainerRef } from '../../debugger/leasedProcess.ts';
import type { NodeTarget } from '../../debugger/node/nodePod.ts';
import type { Debugger } from '../../debugger/place.ts';
import type { FoundTarget } from '../../kube/targets/foundTarget.ts';
import type { Output } from '../../output/output.ts';
import type { TcpdumpStatistics } from '../../tools/tcpdump.ts';
import type { CaptureEnd } from '../captureEnd.ts';
import type { EarlyEnd } from '../earlyEnd.ts';
import type { Gap } from '../follower/losses.ts';
import type { CaptureSpec } from '../spec.ts';
import type { Milliseconds } from '../units.ts';
import type { UnmatchedOn } from '../unmatched.ts';

/** The state of a running capture. */
export interface CaptureState {
  readonly packets: number;
  readonly bytes: number;
  /** Undefined where the recorder reports drops only at its end. */
  readonly dropped?: number;
  /** Bytes that are recorded in the pod and have not arrived. */
  readonly lag?: number;
  /** The capture is over, and the rest of the recording is being copied. */
  readonly ending?: boolean;
  /** When a lost connection is given up, in milliseconds since the epoch. */
  readonly giveUpAt?: number;
}

/** Shows the progress of a capture. */
export interface CaptureProgress {
  note(text: string): void;
  waiting(text: string): void;
  /** Packets are being captured; `now` gives the current state. */
  capturing(listening: string, now: () => CaptureState): void;
}

/** What is captured, for the user: a debugger on the node is not the target itself. */
export function describeTarget(
  found: FoundTarget | NodeTarget,
  { kind, namespace, pod }: Debugger,
): string {
  if (kind === 'ephemeral') return `pod ${namespace}/${pod}`;
  return found.pod
    ? `pod ${found.pod.metadata.namespace}/${found.pod.metadata.name}, through its node`
    : `node ${found.node}`;
}

/** Receives what happens in a recording besides its packets. */
export interface RecordingEvents {
  /** The debugger runs; the recorder in it gets this pcap-filter(7) expression, if any. */
  entered(place: ContainerRef, filter: string | undefined): void;
  /** Packets are being recorded; those of a direct stream may arrive a little earlier. */
  listening(device: string, engine: 'dumpcap' | 'tcpdump'): void;
  /** Something happened between the packets that arrived and those that follow. */
  remark(text: string): void;
  /** Everything has arrived that was on disk in the pod at this uptime of its node, in seconds. */
  caughtUp(uptime: number): void;
}

/** A capture of one target's packets into an output. */
export interface Recording<Spec = CaptureSpec> {
  readonly spec: Spec;
  /** `pcap` for the packets themselves, `text` for lines to read. */
  readonly format: 'pcap' | 'text';
  readonly settings: DebuggerSettings;
  /** Stream packets directly, without a spool in the pod. */
  readonly stream?: boolean;
  /** How long the recorder continues when the connection is lost. */
  readonly linger: Milliseconds;
  readonly output: Output;
  /** Ends the capture in order. */
  readonly interrupt: AbortSignal;
  /** Ends it at once, with what has arrived. */
  readonly abandon: AbortSignal;
  readonly progress: CaptureProgress;
  readonly events?: RecordingEvents;
  /** As AccessOptions.early. */
  readonly early?: EarlyExec | undefined;
}

export interface CaptureOutcome {
  readonly end: CaptureEnd;
  readonly packets: number;
  readonly bytes: number;
  readonly statistics: Partial<TcpdumpStatistics>;
  /** How often the connection was lost and the capture resumed. */
  readonly interruptions?: number;
  readonly gaps?: readonly Gap[];
  /** Why it ended although nothing had asked it to. */
  readonly early?: EarlyEnd;
  /** Of a capture without packets: where it was made, and what else there was. */
  readonly unmatched?: UnmatchedOn;
}
