import type { Pod } from '../../kube/pod.ts';
import type { Output } from '../../output/output.ts';
import type { CaptureOutcome, RecordingEvents } from '../recorder/recording.ts';

/** Where the packets of one of several pods go. */
export interface PodSink {
  readonly output: Output;
  readonly events?: RecordingEvents;
  /** Told once, when its recording has ended: what came of it, or why it failed. */
  end(outcome: CaptureOutcome | undefined, failure: string | undefined): void;
}

/** Why all pods are to end: the output has what was asked for, or takes no more. */
export type SinkEnd = 'size' | 'complete' | 'reader-gone';

/** Where the packets of several pods go. */
export interface Sink {
  open(pod: Pod): Promise<PodSink>;
  /** Calls back once when no more packets are wanted. */
  onEnd(callback: (why: SinkEnd) => void): void;
  /** Resolves when all is written. Rejects with the Problem of an output that took no more. */
  close(): Promise<void>;
}
