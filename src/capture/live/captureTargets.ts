import { StartSlots } from '../../debugger/startSlots.ts';
import type { CaptureFilter } from '../../filters/capture/captureFilter.ts';
import type { KubeApi } from '../../kube/api.ts';
import type { Pod } from '../../kube/pod.ts';
import { type ResolvedTarget, targetKey, targetNode } from '../../kube/targets/resolvedTarget.ts';
import type { Notice } from '../../notice.ts';
import { sum } from '../../output/quantities.ts';
import { Problem } from '../../problem.ts';
import { problemMoment } from '../../timing.ts';
import type { CaptureEnd } from '../captureEnd.ts';
import { earlyEndText } from '../earlyEnd.ts';
import type {
  CaptureOutcome,
  CaptureProgress,
  CaptureState,
  Recording,
} from '../recorder/recording.ts';
import { recordTarget } from '../recorder/recordTarget.ts';
import type { Sink, TargetSink } from '../sinks/sink.ts';
import { type Milliseconds, milliseconds } from '../units.ts';
import type { Addition } from './additions.ts';
import type { Clients } from './clients.ts';
import { hasPodEnded, podRunningTime } from './podLife.ts';

/** A live capture of one target or of several at once. */
export interface LiveCapture extends Omit<Recording, 'output' | 'events' | 'targetsOnNode'> {
  readonly targets: readonly ResolvedTarget[];
  readonly sink: Sink;
  /** The name of a target in messages. */
  readonly nameOf: (target: ResolvedTarget) => string;
  /** Yields additions to the capture until the signal; does not throw. */
  readonly additions?: (signal: AbortSignal) => AsyncIterable<Addition>;
  /** Whether to wait for additions when no target is left. */
  readonly followPods: boolean;
  /** The maximum number of pods captured at once; additional pods are skipped. */
  readonly maxPods: number;
  /** Receives the pods' packets. */
  readonly clients?: Clients;
}

/** The result for one target. */
export interface TargetOutcome {
  readonly target: ResolvedTarget;
  /** Packets that arrived, however the recording ended. */
  readonly packets: number;
  readonly bytes: number;
  /** Set when its recording ended in order. */
  readonly outcome?: CaptureOutcome;
  /** Why it did not end in order. */
  readonly problem?: Problem;
}

export interface LiveOutcome {
  readonly end: CaptureEnd;
  readonly targets: readonly TargetOutcome[];
}

/**
 * Captures the packets of all targets into a sink at the same time and independently: a failed target is reported
 * immediately and does not affect the others. Ends when all targets have ended, or by its signals; then closes the
 * sink. Rejects with a Problem if no target could be captured, or if the output accepted no more data.
 */
export async function captureTargets(api: KubeApi, recording: LiveCapture): Promise<LiveOutcome> {
  const capture = new Capture(api, recording);
  try {
    await capture.run();
  } finally {
    await recording.sink.close();
  }
  return { end: capture.end, targets: capture.outcomes() };
}

/** One target's part of the capture. */
interface Part {
  readonly target: ResolvedTarget;
  readonly filter: CaptureFilter;
  /** Called when its start is over, successful or not. */
  freeSlot: () => void;
  state: () => CaptureState;
  /** Whether packets are or were being captured. */
  hasRecorded: boolean;
  /** It joined the running capture. */
  readonly isAddition: boolean;
  hasEnded: boolean;
  outcome?: CaptureOutcome;
  problem?: Problem;
}

const NO_PACKETS: CaptureState = { packets: 0, bytes: 0 };

class Capture {
  readonly #api: KubeApi;
  readonly #recording: LiveCapture;
  readonly #parts: Part[] = [];
  readonly #running = new Set<Promise<void>>();
  readonly #slots = new StartSlots();
  /** Ends all parts in order. */
  readonly #stopping = new AbortController();
  /** Failures already reported: a failure that many targets share is reported in full only once. */
  readonly #reported = new Set<string>();
  #end: CaptureEnd | undefined;
  #timer: NodeJS.Timeout | undefined;
  #deadline: number | undefined;
  /** Whether the hint about the first packets of new pods was already shown. */
  #hintShown = false;

  constructor(api: KubeApi, recording: LiveCapture) {
    this.#api = api;
    this.#recording = recording;
  }

  async run(): Promise<void> {
    const { targets, sink, interrupt, additions, followPods } = this.#recording;
    const { filter } = this.#recording.spec;
    const onInterrupt = () => this.#stop('interrupted', interrupt.reason);
    interrupt.addEventListener('abort', onInterrupt, { once: true });
    if (interrupt.aborted) onInterrupt();
    sink.onEnd((why) => this.#stop(why, new Error('no more packets are wanted')));
    try {
      // Opens all of them first, so that a file that cannot be written is noticed before anything starts.
      const sinks = await Promise.all(targets.map((target) => sink.open(target)));
      for (const [index, target] of targets.entries())
        this.#start(target, filter, { sink: sinks[index], isAddition: false });
      const adding = additions && this.#startAdditions(additions(this.#stopping.signal));
      // The duration must apply even if there is nothing to record yet.
      if (targets.length === 0) this.#startTimer();
      await this.#allEnded();
      if (!this.#parts.some(({ hasRecorded }) => hasRecorded)) this.#throwFailure();
      if (!followPods) this.#stopping.abort();
      await adding;
      await this.#allEnded();
    } finally {
      clearTimeout(this.#timer);
      interrupt.removeEventListener('abort', onInterrupt);
      this.#stopping.abort();
    }
  }

  /**
   * Why the capture ended. For a single target this is the recorder's reason, unless something else ended the capture.
   */
  get end(): CaptureEnd {
    const ends = this.#parts.flatMap(({ outcome }) => outcome?.end ?? []);
    if (this.#recording.abandon.aborted || ends.includes('abandoned')) return 'abandoned';
    return this.#end ?? (ends.length === 1 ? ends[0] : undefined) ?? 'complete';
  }

  outcomes(): TargetOutcome[] {
    return this.#parts.map(({ target, state, outcome, problem }) => ({
      target,
      packets: outcome?.packets ?? state().packets,
      bytes: outcome?.bytes ?? state().bytes,
      ...(outcome && { outcome }),
      ...(problem && { problem }),
    }));
  }

  #start(
    target: ResolvedTarget,
    filter: CaptureFilter,
    { sink, isAddition }: { readonly sink?: TargetSink | undefined; readonly isAddition: boolean },
  ): void {
    const part: Part = {
      target,
      filter,
      freeSlot: () => {},
      state: () => NO_PACKETS,
      hasRecorded: false,
      isAddition,
      hasEnded: false,
    };
    this.#parts.push(part);
    const running = this.#record(part, sink).finally(() => this.#running.delete(running));
    this.#running.add(running);
  }

  async #record(part: Part, opened: TargetSink | undefined): Promise<void> {
    const { target, filter } = part;
    const { clients, ...recording } = this.#recording;
    let sink = opened;
    try {
      sink ??= await recording.sink.open(target);
      part.freeSlot = await this.#slots.take(targetNode(target), this.#stopping.signal);
      const { output, events } = clients?.watchSink(target, sink) ?? sink;
      part.outcome = await recordTarget(this.#api, target, {
        ...recording,
        spec: { ...recording.spec, filter, duration: this.#timeLeft() },
        output,
        ...(events && { events }),
        targetsOnNode: this.#targetsOn(targetNode(target)),
        interrupt: this.#stopping.signal,
        progress: this.#progressOf(part),
      });
      if (!this.#stopping.signal.aborted && this.#hasManyTargets)
        this.#note(
          target,
          part.outcome.earlyEnd
            ? { kind: 'ended-early', text: `ended early: ${earlyEndText(part.outcome.earlyEnd)}` }
            : { kind: 'target-ended', text: 'reached its limit' },
        );
    } catch (error) {
      await this.#handleFailure(part, error);
    }
    part.freeSlot();
    part.hasEnded = true;
    sink?.end(part.outcome, part.problem?.message);
  }

  async #handleFailure(part: Part, error: unknown): Promise<void> {
    // An interrupt before the first packet makes the recorder fail, which need not be reported.
    if (this.#stopping.signal.aborted && !part.hasRecorded) return;
    if (!(error instanceof Problem)) throw error;
    const { target } = part;
    if (
      target.pod &&
      this.#isExpectedToEnd(target.pod) &&
      (await hasPodEnded(this.#api, target.pod))
    ) {
      const text = `ended: ${error.message.replaceAll('\n', '; ')}`;
      this.#note(target, { kind: 'target-ended', text });
      return;
    }
    part.problem = error;
    if (!this.#hasManyTargets) return;
    problemMoment(error, this.#recording.nameOf(target));
    const text = error.message.replaceAll(target.pod ? target.pod.metadata.name : target.node, '');
    const next = this.#reported.has(text) ? [] : error.next;
    this.#reported.add(text);
    const [first = '', ...more] = [error.message, ...next].flatMap((step) => step.split('\n'));
    this.#note(target, { kind: 'target-failed', text: `error: ${first}`, next: more });
  }

  /** Whether a pod may end without that being a failure: if it joined later, or if pods are expected to come and go. */
  #isExpectedToEnd(pod: Pod): boolean {
    const { targets, followPods } = this.#recording;
    return followPods || !targets.some((target) => target.pod?.metadata.uid === pod.metadata.uid);
  }

  /** Starts to capture additions, until the capture ends. */
  async #startAdditions(changes: AsyncIterable<Addition>): Promise<void> {
    const { maxPods, progress } = this.#recording;
    for await (const { pod, filter, text } of changes) {
      if (this.#stopping.signal.aborted) return;
      const runningTargets = this.#runningTargets();
      if (!pod) {
        progress.note({ kind: 'addresses-added', text });
        for (const target of runningTargets.values())
          this.#start(target, filter, { isAddition: false });
        continue;
      }
      const target = { pod };
      // Two sources can name the same pod.
      if (runningTargets.has(targetKey(target))) continue;
      if (runningTargets.size >= maxPods)
        this.#note(target, {
          kind: 'target-skipped',
          text: `skipped: ${maxPods} targets are already being captured (--max-pods)`,
        });
      else {
        this.#note(target, { kind: 'target-joined', text });
        this.#start(target, filter, { isAddition: true });
      }
    }
  }

  /** The targets that are being captured, by key. */
  #runningTargets(): Map<string, ResolvedTarget> {
    const running = this.#parts.filter(({ hasEnded }) => !hasEnded);
    return new Map(running.map(({ target }) => [targetKey(target), target]));
  }

  /** How many targets on a node are being captured or are to be started. */
  #targetsOn(node: string): number {
    return this.#parts.filter(({ target, hasEnded }) => !hasEnded && targetNode(target) === node)
      .length;
  }

  async #allEnded(): Promise<void> {
    while (this.#running.size > 0) await Promise.race(this.#running);
  }

  /** Throws the reason if nothing was captured. */
  #throwFailure(): void {
    const problems = this.#parts.flatMap(({ problem }) => problem ?? []);
    const [first] = problems;
    if (!first) {
      this.#recording.interrupt.throwIfAborted();
      return;
    }
    if (!this.#hasManyTargets) throw first;
    throw new Problem(`none of the ${this.#parts.length} targets could be captured`, {
      next: first.next,
      exitCode: first.exitCode,
      cause: first,
    });
  }

  #stop(why: CaptureEnd, reason: unknown): void {
    if (this.#stopping.signal.aborted) return;
    this.#end = why;
    this.#stopping.abort(reason);
  }

  get #hasManyTargets(): boolean {
    return this.#parts.length > 1 || this.#recording.additions !== undefined;
  }

  #note(target: ResolvedTarget, notice: Notice): void {
    this.#recording.progress.note({ ...notice, target: this.#recording.nameOf(target) });
  }

  #progressOf(part: Part): CaptureProgress {
    const { progress } = this.#recording;
    return {
      note: (notice) =>
        this.#hasManyTargets ? this.#note(part.target, notice) : progress.note(notice),
      waiting: (text) => {
        if (this.#recordingCount === 0) progress.waiting(text);
      },
      capturing: (text, now) => {
        part.hasRecorded = true;
        part.freeSlot();
        part.state = now;
        if (part.isAddition && part.target.pod) void this.#noteMissed(part.target.pod);
        const target = this.#recording.nameOf(part.target);
        if (this.#recordingCount > 1)
          progress.note({ kind: 'capturing', text, target, namesTarget: true });
        else
          progress.capturing(text, () => this.#state(), this.#hasManyTargets ? target : undefined);
        this.#startTimer();
      },
    };
  }

  /** Reports how long an added pod had been running before its first packet could be captured. */
  async #noteMissed(pod: Pod): Promise<void> {
    const missed = await podRunningTime(this.#api, pod);
    if (missed === undefined || this.#stopping.signal.aborted) return;
    // Both times have a resolution of a second.
    const seconds = Math.max(1, Math.round(missed / 1000));
    const hint = this.#hintShown
      ? ''
      : `; to capture the first packets of new pods, capture node/${pod.spec.nodeName}`;
    this.#hintShown = true;
    const text = `the packets of its first ${seconds} s (about) were not captured${hint}`;
    this.#note({ pod }, { kind: 'first-packets-missed', text });
  }

  get #recordingCount(): number {
    return this.#parts.filter(({ hasRecorded }) => hasRecorded).length;
  }

  /** The time runs from the first recorder that listens, so that targets that join later end with the others. */
  #startTimer(): void {
    const { additions } = this.#recording;
    const { duration } = this.#recording.spec;
    if (duration === undefined || !additions || this.#deadline !== undefined) return;
    this.#deadline = Date.now() + duration;
    this.#timer = setTimeout(
      () => this.#stop('duration', new Error('the duration has passed')),
      duration,
    );
  }

  #timeLeft(): Milliseconds | undefined {
    return this.#deadline === undefined
      ? this.#recording.spec.duration
      : milliseconds(Math.max(1, this.#deadline - Date.now()));
  }

  /** The combined state of all parts. */
  #state(): CaptureState {
    const states = this.#parts.map(({ state }) => state());
    const active = this.#parts.flatMap(({ hasEnded, state }) => (hasEnded ? [] : state()));
    const dropped = states.map((state) => state.dropped);
    const giveUpAt = active.flatMap((state) => state.giveUpAt ?? []);
    return {
      packets: sum(states.map(({ packets }) => packets)),
      bytes: sum(states.map(({ bytes }) => bytes)),
      ...(dropped.some((count) => count !== undefined) && { dropped: sum(dropped) }),
      lag: sum(active.map(({ lag }) => lag)),
      ending: this.#stopping.signal.aborted,
      // The capture is not lost while any part is connected.
      ...(giveUpAt.length > 0 &&
        giveUpAt.length === active.length && { giveUpAt: Math.max(...giveUpAt) }),
    };
  }
}
