import type { FoundTarget } from '../../kube/targets/foundTarget.ts';
import type { Output } from '../../output/output.ts';
import type { CaptureOutcome, RecordingEvents } from '../recorder/recording.ts';

/** Where the packets of one target go. */
export interface TargetSink {
  readonly output: Output;
  readonly events?: RecordingEvents;
  /** Called once, when the target's recording has ended: its outcome, or why it failed. */
  end(outcome: CaptureOutcome | undefined, failure: string | undefined): void;
}

/** Why a whole capture is to end: the output has all it should have, or is closed. */
export type SinkEnd = 'size' | 'complete' | 'reader-gone';

/** Where the packets of a capture go. */
export interface Sink {
  open(found: FoundTarget): Promise<TargetSink>;
  /** Calls back once when no more packets are wanted. */
  onEnd(callback: (why: SinkEnd) => void): void;
  /** Resolves when all is written. Rejects with the Problem of an output that took no more. */
  close(): Promise<void>;
}
