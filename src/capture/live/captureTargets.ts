import { nodeOf, StartSlots } from '../../debugger/startSlots.ts';
import type { CaptureFilter } from '../../filters/capture/captureFilter.ts';
import type { KubeApi } from '../../kube/api.ts';
import { ApiError } from '../../kube/apiError.ts';
import { type Pod, podPath } from '../../kube/pod.ts';
import { sum } from '../../output/quantities.ts';
import { Problem } from '../../problem.ts';
import type {
  CaptureOutcome,
  CaptureProgress,
  CaptureState,
  Recording,
} from '../recorder/recording.ts';
import { recordTarget } from '../recorder/recordTarget.ts';
import type { CaptureEnd } from '../recorder/streamedCapture.ts';
import type { PodSink, Sink } from '../sinks/sink.ts';
import { type Milliseconds, milliseconds } from '../units.ts';
import type { Clients } from './clients.ts';
import type { Joining } from './joining.ts';

/** A capture of several pods' packets at once. */
export interface SeveralRecording extends Omit<Recording, 'output' | 'events'> {
  readonly pods: readonly Pod[];
  readonly sink: Sink;
  /** What a pod is called when it is spoken of. */
  readonly nameOf: (pod: Pod) => string;
  /** Gives what is to be captured too, as it comes to be, until the signal; does not throw. */
  readonly joining?: (signal: AbortSignal) => AsyncIterable<Joining>;
  /** What joins is worth waiting for when no pod is left. */
  readonly waits: boolean;
  /** More pods at once than so many are left out. */
  readonly maxPods: number;
  /** Told what the pods' packets are. */
  readonly clients?: Clients;
}

/** What became of one pod's part of a capture. */
export interface PodOutcome {
  readonly pod: Pod;
  /** Packets that came, whatever the end was. */
  readonly packets: number;
  readonly bytes: number;
  /** Set when its recording ended in order. */
  readonly outcome?: CaptureOutcome;
  /** Why it did not. */
  readonly problem?: Problem;
}

export interface SeveralOutcome {
  readonly end: CaptureEnd;
  readonly pods: readonly PodOutcome[];
}

/**
 * Captures the packets of all pods at once into a sink, each for itself: what fails in one is told at
 * once and disturbs no other. Ends when all have ended, or by its signals; then closes the sink.
 * Rejects with a Problem when none of the pods could be captured, or the output took no more.
 */
export async function captureSeveral(
  api: KubeApi,
  recording: SeveralRecording,
): Promise<SeveralOutcome> {
  const capture = new SeveralCapture(api, recording);
  try {
    await capture.run();
  } finally {
    await recording.sink.close();
  }
  return { end: capture.end, pods: capture.outcomes() };
}

/** One pod's part while it goes on. */
interface Part {
  readonly pod: Pod;
  readonly filter: CaptureFilter;
  /** Its start is over, whatever came of it. */
  started: () => void;
  state: () => CaptureState;
  /** Packets are, or were, being captured. */
  listened: boolean;
  ended: boolean;
  outcome?: CaptureOutcome;
  problem?: Problem;
}

const NOTHING: CaptureState = { packets: 0, bytes: 0 };

class SeveralCapture {
  end: CaptureEnd = 'complete';
  readonly #api: KubeApi;
  readonly #recording: SeveralRecording;
  readonly #parts: Part[] = [];
  readonly #running = new Set<Promise<void>>();
  readonly #slots = new StartSlots();
  /** Ends all parts in order. */
  readonly #ending = new AbortController();
  /** Told failures: the same one in many pods is told whole once. */
  readonly #told = new Set<string>();
  #timer: NodeJS.Timeout | undefined;
  #deadline: number | undefined;

  constructor(api: KubeApi, recording: SeveralRecording) {
    this.#api = api;
    this.#recording = recording;
  }

  async run(): Promise<void> {
    const { pods, sink, interrupt, joining, waits } = this.#recording;
    const { filter } = this.#recording.spec;
    const onInterrupt = () => this.#stop('interrupted', interrupt.reason);
    interrupt.addEventListener('abort', onInterrupt, { once: true });
    if (interrupt.aborted) onInterrupt();
    sink.onEnd((why) => this.#stop(why, new Error('no more packets are wanted')));
    try {
      // All of them first: a file that cannot be written is known before anything starts.
      const sinks = await Promise.all(pods.map((pod) => sink.open(pod)));
      for (const [index, pod] of pods.entries()) this.#begin(pod, filter, sinks[index]);
      const joined = joining && this.#join(joining(this.#ending.signal));
      await this.#allEnded();
      if (!this.#parts.some(({ listened }) => listened)) this.#throwWhy();
      if (!waits) this.#ending.abort();
      await joined;
      await this.#allEnded();
    } finally {
      clearTimeout(this.#timer);
      interrupt.removeEventListener('abort', onInterrupt);
      this.#ending.abort();
    }
  }

  outcomes(): PodOutcome[] {
    return this.#parts.map(({ pod, state, outcome, problem }) => ({
      pod,
      packets: outcome?.packets ?? state().packets,
      bytes: outcome?.bytes ?? state().bytes,
      ...(outcome && { outcome }),
      ...(problem && { problem }),
    }));
  }

  #begin(pod: Pod, filter: CaptureFilter, sink?: PodSink): void {
    const part: Part = {
      pod,
      filter,
      started: () => {},
      state: () => NOTHING,
      listened: false,
      ended: false,
    };
    this.#parts.push(part);
    const running = this.#record(part, sink).finally(() => this.#running.delete(running));
    this.#running.add(running);
  }

  async #record(part: Part, opened: PodSink | undefined): Promise<void> {
    const { pod, filter } = part;
    const { clients, ...recording } = this.#recording;
    let sink = opened;
    try {
      sink ??= await recording.sink.open(pod);
      part.started = await this.#slots.take(nodeOf({ pod }), this.#ending.signal);
      const { output, events } = clients?.watching(pod, sink) ?? sink;
      part.outcome = await recordTarget(
        this.#api,
        { pod },
        {
          ...recording,
          spec: { ...recording.spec, filter, duration: this.#timeLeft() },
          output,
          ...(events && { events }),
          interrupt: this.#ending.signal,
          progress: this.#progressOf(part),
        },
      );
      if (!this.#ending.signal.aborted && this.#isAmongSeveral)
        this.#note(pod, `ended: it has what it was asked for`);
    } catch (error) {
      await this.#failed(part, error);
    }
    part.started();
    part.ended = true;
    sink?.end(part.outcome, part.problem?.message);
  }

  async #failed(part: Part, error: unknown): Promise<void> {
    // Who is told to end before it has begun says so by an error.
    if (this.#ending.signal.aborted && !part.listened) return;
    if (!(error instanceof Problem)) throw error;
    if (this.#mayGo(part.pod) && (await hasEnded(this.#api, part.pod))) {
      this.#note(part.pod, `ended: ${error.message.replaceAll('\n', '; ')}`);
      return;
    }
    part.problem = error;
    if (!this.#isAmongSeveral) return;
    const text = error.message.replaceAll(part.pod.metadata.name, '');
    const next = this.#told.has(text) ? [] : error.next;
    this.#told.add(text);
    // A note is one line.
    const [first = '', ...more] = [error.message, ...next].flatMap((step) => step.split('\n'));
    this.#note(part.pod, `error: ${first}`);
    for (const line of more) this.#recording.progress.note(`  ${line}`);
  }

  /** Where pods come and go one that goes is no failure; those that were named are to stay. */
  #mayGo(pod: Pod): boolean {
    const { pods, waits } = this.#recording;
    return waits || !pods.some(({ metadata }) => metadata.uid === pod.metadata.uid);
  }

  /** Begins with what joins as it comes to be, until the capture is to end. */
  async #join(changes: AsyncIterable<Joining>): Promise<void> {
    const { maxPods, progress } = this.#recording;
    for await (const { pod, filter, text } of changes) {
      if (this.#ending.signal.aborted) return;
      const captured = this.#captured();
      if (!pod) {
        progress.note(text);
        for (const one of captured.values()) this.#begin(one, filter);
        continue;
      }
      // Two sources can tell of one.
      if (captured.has(pod.metadata.uid)) continue;
      if (captured.size >= maxPods)
        this.#note(pod, `is left out: ${maxPods} pods are captured (--max-pods)`);
      else {
        this.#note(pod, text);
        this.#begin(pod, filter);
      }
    }
  }

  /** The pods that are being captured, by uid. */
  #captured(): Map<string, Pod> {
    const going = this.#parts.filter(({ ended }) => !ended);
    return new Map(going.map(({ pod }) => [pod.metadata.uid, pod]));
  }

  async #allEnded(): Promise<void> {
    while (this.#running.size > 0) await Promise.race(this.#running);
  }

  /** No pod was captured: says why. */
  #throwWhy(): void {
    const problems = this.#parts.flatMap(({ problem }) => problem ?? []);
    const [first] = problems;
    if (!first) {
      this.#recording.interrupt.throwIfAborted();
      return;
    }
    if (!this.#isAmongSeveral) throw first;
    throw new Problem(`none of the ${this.#parts.length} pods could be captured`, {
      next: first.next,
      exitCode: first.exitCode,
      cause: first,
    });
  }

  #stop(why: CaptureEnd, reason: unknown): void {
    if (this.#ending.signal.aborted) return;
    this.end = why;
    this.#ending.abort(reason);
  }

  get #isAmongSeveral(): boolean {
    return this.#parts.length > 1 || this.#recording.joining !== undefined;
  }

  #note(pod: Pod, text: string): void {
    this.#recording.progress.note(`${this.#recording.nameOf(pod)}: ${text}`);
  }

  #progressOf(part: Part): CaptureProgress {
    const { progress } = this.#recording;
    return {
      note: (text) => (this.#isAmongSeveral ? this.#note(part.pod, text) : progress.note(text)),
      waiting: (text) => {
        if (this.#listening === 0) progress.waiting(text);
      },
      capturing: (text, now) => {
        part.listened = true;
        part.started();
        part.state = now;
        if (this.#listening > 1) progress.note(text);
        else progress.capturing(text, () => this.#state());
        this.#startTimer();
      },
    };
  }

  get #listening(): number {
    return this.#parts.filter(({ listened }) => listened).length;
  }

  /** Who joins later ends with the others: their time runs from the first packet on. */
  #startTimer(): void {
    const { joining } = this.#recording;
    const { duration } = this.#recording.spec;
    if (duration === undefined || !joining || this.#deadline !== undefined) return;
    this.#deadline = Date.now() + duration;
    this.#timer = setTimeout(() => this.#stop('duration', new Error('the time is over')), duration);
  }

  #timeLeft(): Milliseconds | undefined {
    return this.#deadline === undefined
      ? this.#recording.spec.duration
      : milliseconds(Math.max(1, this.#deadline - Date.now()));
  }

  /** How all parts stand together. */
  #state(): CaptureState {
    const states = this.#parts.map(({ state }) => state());
    const active = this.#parts.flatMap(({ ended, state }) => (ended ? [] : state()));
    const dropped = states.map((state) => state.dropped);
    const giveUpAt = active.flatMap((state) => state.giveUpAt ?? []);
    return {
      packets: sum(states.map(({ packets }) => packets)),
      bytes: sum(states.map(({ bytes }) => bytes)),
      ...(dropped.some((count) => count !== undefined) && { dropped: sum(dropped) }),
      lag: sum(active.map(({ lag }) => lag)),
      ending: this.#ending.signal.aborted,
      // While one can be heard the capture is not lost.
      ...(giveUpAt.length > 0 &&
        giveUpAt.length === active.length && { giveUpAt: Math.max(...giveUpAt) }),
    };
  }
}

/** Whether the pod is no more, or goes: its end is no failure where pods come and go. */
async function hasEnded(api: KubeApi, { metadata }: Pod): Promise<boolean> {
  try {
    const now = await api.get<Pod>(podPath(metadata.namespace, metadata.name));
    const phase = now.status?.phase;
    return (
      now.metadata.uid !== metadata.uid ||
      now.metadata.deletionTimestamp !== undefined ||
      phase === 'Succeeded' ||
      phase === 'Failed'
    );
  } catch (error) {
    return error instanceof ApiError && error.code === 404;
  }
}
