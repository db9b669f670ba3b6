import { setTimeout as wait } from 'node:timers/promises';
import { type Output, OutputClosed, WriteFailure } from '../../output/output.ts';
import { linkTypeName } from '../../packets/link.ts';
import type { PacketCutter } from '../../pcap/packetCutter.ts';
import { InvalidPcapError } from '../../pcap/records.ts';
import { Problem, type ProblemDetails } from '../../problem.ts';
import type { TcpdumpStatistics } from '../../tools/tcpdump.ts';
import type { CaptureEnd } from '../captureEnd.ts';
import { type EarlyEnd, earlyEnd } from '../earlyEnd.ts';
import type { Outage } from '../outage.ts';
import { RecorderProblem } from '../recorderProblem.ts';
import {
  addUnmatched,
  NOTHING_KNOWN,
  type Unmatched,
  type UnmatchedCapture,
} from '../unmatched.ts';
import { FileJoiner } from './fileJoiner.ts';
import { type Follower, RecordingLost } from './follower.ts';
import type { Frame, FrameValues } from './frames.ts';
import { type Gap, gapAt } from './gap.ts';

export interface FollowOptions {
  readonly follower: Follower;
  readonly packets: PacketCutter;
  readonly output: Output;
  /** Bytes of a full file of the ring. */
  readonly fileBytes: number;
  /** Milliseconds from when the recorder starts listening until it is stopped. */
  readonly duration?: number | undefined;
  /**
   * Ends the capture in order: packets that are already on the wire still arrive. Before the recorder's hello, ends the
   * capture immediately and throws the signal's reason.
   */
  readonly interrupt: AbortSignal;
  /** Ends the capture immediately; data that has arrived is kept. */
  readonly abandon: AbortSignal;
  /** Removes the spool if the complete arrival could not be acknowledged. `hurry`: do not wait long. */
  readonly removeSpool: (hurry: boolean) => Promise<void>;
  readonly onListening?: (device: string, engine: string) => void;
  readonly onGap?: (gap: Gap) => void;
  /** The interface has disappeared or is back; nothing was recorded in between. */
  readonly onOutage?: (outage: Outage, device: string) => void;
  /** The interface is back with another link type; the text says where its packets are written. */
  readonly onNewLinkType?: (text: string) => void;
  /** Recorded bytes that have not arrived, and whether the capture is ending. */
  readonly onLag?: (bytes: number, ending: boolean) => void;
  /** Everything that was on disk at this uptime of the node (in seconds) has arrived. */
  readonly onCaughtUp?: (uptime: number) => void;
}

export interface FollowResult {
  readonly end: CaptureEnd;
  readonly statistics: Partial<TcpdumpStatistics>;
  readonly gaps: readonly Gap[];
  readonly earlyEnd?: EarlyEnd;
  /** Set for a recording without packets. */
  readonly unmatched?: UnmatchedCapture;
}

/** How long to read the rest of a recording for its statistics if its packets are not needed. */
const STATISTICS_MS = 3_000;
/** How long to wait for the end of a recorder that has not started recording. */
const NOT_RECORDING_MS = 1_500;
/** How long to wait for the removal of the spool. */
const ACKNOWLEDGE_MS = 5_000;
/** How many of the engine's last messages are kept. */
const MAX_MESSAGES = 100;

/** Ends of a recorder that had no room and did not start recording. */
const NO_ROOM_ENDS = new Set(['nospool', 'full']);

/** The recorder had no room: there is no spool, and nothing was recorded. */
export class SpoolRefused extends Problem {
  constructor(message: string, details: Partial<ProblemDetails> = {}) {
    super(message, { kind: 'no-room', ...details });
  }
}

/**
 * Writes a follower's frames to an output until the capture ends, as one pcap file of whole packets. The output is
 * complete and synced to disk before the spool in the pod is removed. Rejects with RecorderProblem, with what the
 * follower throws, or with the Problem of an output that accepts no more data. Closes the output in all cases except
 * SpoolRefused.
 */
export async function followCapture(capture: FollowOptions): Promise<FollowResult> {
  const state = new FollowState(capture);
  const { follower, output, removeSpool, interrupt, abandon } = capture;
  let spoolExists = true;
  try {
    let over: OverFrame | undefined;
    for await (const frame of follower.frames()) {
      await state.handle(frame);
      if (frame.kind === 'over') over = frame;
    }
    if (!over && !state.isRecording && !abandon.aborted) interrupt.throwIfAborted();
    spoolExists = !over || state.isRecording || !NO_ROOM_ENDS.has(over.why);
    if (!spoolExists) throw new SpoolRefused(state.messages.join('; ') || 'no space left');
    await output.close();
    if (over && (await follower.acknowledge(ACKNOWLEDGE_MS))) spoolExists = false;
    if (state.failure) throw state.failure;
    const { gaps } = state;
    if (!over) return { end: state.end ?? 'abandoned', statistics: {}, gaps };
    const end = follower.isReadOnly && over.why === 'stopped' ? 'complete' : endOf(over, state);
    const early = state.earlyEnd ?? earlyEndOf(over, state);
    const statistics = statisticsOf(over);
    const unmatched = (statistics.captured ?? 0) === 0 &&
      capture.packets.packets === 0 && {
        unmatched: { ...state.unmatched, device: state.device },
      };
    return { end, statistics, gaps, ...(early && { earlyEnd: early }), ...unmatched };
  } catch (error) {
    if (error instanceof RecordingLost) spoolExists = false;
    if (!(error instanceof SpoolRefused)) await output.close();
    throw error;
  } finally {
    state.dispose();
    follower.close();
    if (spoolExists && !follower.isReadOnly) await removeSpool(!state.isRecording);
  }
}

type OverFrame = Extract<Frame, { kind: 'over' }>;

/** The state of a followed capture: where its frames go, and why it ends. */
class FollowState {
  end: CaptureEnd | undefined;
  failure: Problem | undefined;
  /** Why the capture cannot continue although its recorder could. */
  earlyEnd: EarlyEnd | undefined;
  /** Whether packets are being recorded. */
  isRecording = false;
  device = '';
  engine = '';
  unmatched: Unmatched = NOTHING_KNOWN;
  readonly gaps: Gap[] = [];
  readonly #outages = new Map<number, Outage>();
  readonly messages: string[] = [];
  readonly #capture: FollowOptions;
  readonly #joiner: FileJoiner;
  readonly #finished = new AbortController();
  #acceptsPackets = true;

  constructor(capture: FollowOptions) {
    this.#capture = capture;
    this.#joiner = new FileJoiner(capture.packets);
    const { interrupt, abandon, output, follower } = capture;
    const listenerOptions = { once: true, signal: this.#finished.signal };
    interrupt.addEventListener('abort', () => this.#stop('interrupted'), listenerOptions);
    if (interrupt.aborted) this.#stop('interrupted');
    abandon.addEventListener(
      'abort',
      () => {
        this.end = 'abandoned';
        follower.close();
      },
      listenerOptions,
    );
    output.onReaderClosed?.(() => this.#discardRest('reader-gone'));
  }

  dispose(): void {
    this.#finished.abort();
  }

  async handle(frame: Frame): Promise<void> {
    const { follower, fileBytes, onListening, onGap, onOutage } = this.#capture;
    switch (frame.kind) {
      case 'hello':
        if (this.isRecording) return;
        this.isRecording = true;
        this.device = frame.device;
        this.engine = frame.engine;
        onListening?.(frame.device, frame.engine);
        this.#startTimer();
        break;
      case 'data':
        if (this.#acceptsPackets) await this.#addPackets(frame.offset, frame.bytes);
        break;
      case 'end':
        this.#joiner.nextFile();
        break;
      case 'gap': {
        const gap = gapAt(follower.position, frame.last, fileBytes);
        this.#joiner.nextFile();
        if (!this.#acceptsPackets) return;
        this.gaps.push(gap);
        onGap?.(gap);
        break;
      }
      case 'state':
        this.#reportLag(frame.values);
        break;
      case 'outage': {
        const known = this.#outages.get(frame.from);
        this.#outages.set(frame.from, frame);
        if (!known || known.to !== frame.to) onOutage?.(frame, this.device);
        break;
      }
      case 'unmatched':
        this.unmatched = addUnmatched(this.unmatched, frame.line);
        break;
      case 'log':
        this.messages.push(frame.text);
        if (this.messages.length > MAX_MESSAGES) this.messages.shift();
        break;
    }
  }

  get outages(): readonly Outage[] {
    return [...this.#outages.values()];
  }

  #reportLag({ behind = 0, up }: FrameValues): void {
    const { onLag, onCaughtUp } = this.#capture;
    onLag?.(behind, this.end !== undefined);
    if (behind === 0 && up !== undefined) onCaughtUp?.(up / 100);
  }

  async #addPackets(offset: number, bytes: Buffer): Promise<void> {
    const { output, packets, onNewLinkType } = this.#capture;
    const before = packets.linkType;
    let joined: ReturnType<FileJoiner['join']>;
    try {
      joined = this.#joiner.join(offset, bytes);
    } catch (error) {
      if (!(error instanceof InvalidPcapError)) throw error;
      throw new Problem(`the recording in the pod is damaged: ${error.message}`, {
        kind: 'damaged',
      });
    }
    if (joined.startsStream) {
      const change = linkTypeChange(this.device, before, packets.linkType);
      if (!output.nextFile) {
        this.earlyEnd = { at: Math.round(Date.now() / 1000), ...LINK_TYPE_ADVICE, why: change };
        this.#discardRest('early');
        return;
      }
      onNewLinkType?.(`${change}: its packets are written to ${await output.nextFile()}`);
    }
    await this.#write(joined.whole);
  }

  async #write(whole: Buffer): Promise<void> {
    const { packets, output } = this.#capture;
    try {
      if (whole.length > 0) await output.write(whole);
      if (packets.isFull) this.#discardRest('size');
    } catch (error) {
      if (error instanceof OutputClosed) this.#discardRest('reader-gone');
      else if (error instanceof WriteFailure) {
        const kept = packets.completeBytesWithin(whole, error.written);
        await output.truncateEnd?.(error.written - kept);
        this.failure = error.problem;
        this.#discardRest('interrupted');
      } else throw error;
    }
  }

  #startTimer(): void {
    const { duration } = this.#capture;
    if (duration !== undefined) this.#after(duration, () => this.#stop('duration'));
  }

  /** Ends the recording; the recorder waits for packets that the kernel still holds. */
  #stop(why: CaptureEnd): void {
    this.end ??= why;
    const { follower } = this.#capture;
    // A recorder that has not started recording has nothing to send, and may not be running.
    if (this.isRecording || follower.canStop) follower.stop();
    else follower.close();
    if (!this.isRecording) this.#after(NOT_RECORDING_MS, () => follower.close());
  }

  /** Ends the capture; from here on, only the final statistics are used. */
  #discardRest(why: CaptureEnd): void {
    this.#acceptsPackets = false;
    this.#stop(why);
    this.#after(STATISTICS_MS, () => this.#capture.follower.close());
  }

  #after(milliseconds: number, callback: () => void): void {
    wait(milliseconds, undefined, { signal: this.#finished.signal }).then(callback, () => {});
  }
}

const LINK_TYPE_ADVICE = {
  kind: 'link-type-changed' as const,
  next: ['a stream can have only one link type; -w FILE starts a new file instead'],
};

function linkTypeChange(device: string, before = -1, now = -1): string {
  return `${device} is back with another link type (${linkTypeName(now)}, before: ${linkTypeName(before)})`;
}

/** How the capture ended, given the end of the recorder. Throws if that end was unexpected. */
function endOf(over: OverFrame, state: FollowState): CaptureEnd {
  if (state.end !== undefined) return state.end;
  switch (over.why) {
    case 'complete':
    case 'duration':
    case 'size':
      // The recorder ended before it reported that it was recording.
      if (!state.isRecording) throw new RecorderProblem(state.messages.join('\n'), over.exit);
      return over.why;
    case 'stopped':
      throw new Problem('another client stopped the capture', {
        kind: 'interrupted',
        next: ['everything recorded until then is saved'],
      });
    default:
      if (!state.isRecording) throw new RecorderProblem(state.messages.join('\n'), over.exit);
      return 'early';
  }
}

/** Why the recording ended unexpectedly. If the user requested an end, that takes precedence. */
function earlyEndOf({ why, exit }: OverFrame, state: FollowState): EarlyEnd | undefined {
  const { end, device, engine, outages, messages } = state;
  const isRequested = end !== undefined && end !== 'early';
  return earlyEnd({
    why: isRequested ? 'stopped' : why,
    exit,
    at: Math.round(Date.now() / 1000),
    engine,
    device,
    outages,
    messages,
  });
}

function statisticsOf({ values }: OverFrame): Partial<TcpdumpStatistics> {
  const { captured, received, dropped } = values;
  return {
    ...(captured !== undefined && { captured }),
    ...(received !== undefined && { receivedByFilter: received }),
    ...(dropped !== undefined && { droppedByKernel: dropped }),
  };
}
