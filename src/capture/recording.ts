import type { DebuggerSettings } from '../debugger/container.ts';
import type { Debugger } from '../debugger/place.ts';
import { type Target, targetText } from '../kube/targets/parseTargets.ts';
import type { Output } from '../output/output.ts';
import type { TcpdumpOptions, TcpdumpStatistics } from '../tools/tcpdump.ts';
import type { CaptureEnd } from './directCapture.ts';
import type { Gap } from './follower/losses.ts';

/** How a capture stands. */
export interface CaptureState {
  readonly packets: number;
  readonly bytes: number;
  /** Undefined where the recorder tells only at its end. */
  readonly dropped?: number;
  /** Bytes that are recorded in the pod and not here yet. */
  readonly lag?: number;
  /** The capture is over, and the rest of what was recorded is coming. */
  readonly ending?: boolean;
  /** Milliseconds since the epoch at which a lost connection is given up. */
  readonly giveUpAt?: number;
}

/** Told how a capture goes. */
export interface CaptureProgress {
  note(text: string): void;
  waiting(text: string): void;
  /** Packets are being captured; `now` tells how it stands. */
  capturing(listening: string, now: () => CaptureState): void;
}

/** What is captured, for the user: a pod's packets may come by way of another pod. */
export function where(
  { targets }: Pick<Recording, 'targets'>,
  { kind, namespace, pod }: Debugger,
): string {
  return kind === 'ephemeral'
    ? `pod ${namespace}/${pod}`
    : `${targets.map(targetText).join(', ')}, by way of its node`;
}

/** A capture of one pod's packets. */
export interface Recording extends Omit<TcpdumpOptions, 'changesUser'> {
  readonly targets: readonly Target[];
  readonly settings: DebuggerSettings;
  /** Packets are streamed as they come, not by way of a spool in the pod. */
  readonly stream?: boolean;
  /** Milliseconds that the recorder goes on when its client is out of reach. */
  readonly linger: number;
  /** Milliseconds. */
  readonly duration?: number;
  /** Bytes of output. */
  readonly maxBytes?: number;
  readonly output: Output;
  /** Ends the capture in order. */
  readonly interrupt: AbortSignal;
  /** Ends it at once, with what is here. */
  readonly abandon: AbortSignal;
  readonly progress: CaptureProgress;
}

export interface CaptureOutcome {
  readonly end: CaptureEnd;
  readonly packets: number;
  readonly bytes: number;
  readonly statistics: Partial<TcpdumpStatistics>;
  /** How often the connection was lost and the capture resumed. */
  readonly interruptions?: number;
  readonly gaps?: readonly Gap[];
}
