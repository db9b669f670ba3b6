import type { ResolvedTarget } from '../../kube/targets/resolvedTarget.ts';
import type { Output } from '../../output/output.ts';
import type { CaptureOutcome, RecordingEvents } from '../recorder/recording.ts';

/** Where the packets of one target go. */
export interface TargetSink {
  readonly output: Output;
  readonly events?: RecordingEvents;
  /** Called once when the target's recording has ended, with its outcome or the reason why it failed. */
  end(outcome: CaptureOutcome | undefined, failure: string | undefined): void;
}

/** Why a whole capture must end: the output is complete or closed. */
export type SinkEnd = 'size' | 'complete' | 'reader-gone';

/** Where the packets of a capture go. */
export interface Sink {
  open(target: ResolvedTarget): Promise<TargetSink>;
  /** Registers a callback that is called once, when no more packets are wanted. */
  onEnd(callback: (why: SinkEnd) => void): void;
  /** Resolves when everything is written. Rejects with the Problem of an output that accepted no more data. */
  close(): Promise<void>;
}
