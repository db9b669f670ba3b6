import { setTimeout as wait } from 'node:timers/promises';
import type { ContainerRef } from '../../debugger/leasedProcess.ts';
import { type Output, OutputClosed } from '../../output/output.ts';
import { countText } from '../../output/quantities.ts';
import type { Source } from '../../pcap/mergeSource.ts';
import { toMoment } from '../../pcap/moment.ts';
import type { CaptureLocation } from '../../pcap/podInterface.ts';
import { InvalidPcapError } from '../../pcap/records.ts';
import { Problem } from '../../problem.ts';
import { earlyEndText } from '../earlyEnd.ts';
import type { CaptureOutcome, RecordingEvents } from '../recorder/recording.ts';
import type { NodeClock } from './nodeClock.ts';
import type { TargetSink } from './sink.ts';

/** What is known about a target before it is entered. */
export type TargetIdentity = Pick<CaptureLocation, 'node' | 'pod' | 'addresses' | 'image'>;

/** What is needed to add a target's packets to a merge. */
export interface MergedTargetOptions {
  readonly identity: TargetIdentity;
  readonly addSource: (at: CaptureLocation) => Source;
  /** Reads the clock of the target's node. */
  readonly clock: (ref: ContainerRef) => Promise<NodeClock | undefined>;
  /** True if the file accepts no more packets. */
  readonly isEnded: () => boolean;
}

/**
 * The most milliseconds until a packet is on disk in the pod. tcpdump asks the kernel once a second. dumpcap asks more
 * often, but writes packets up to half a second late.
 */
const DELIVERY_MS = { dumpcap: 1_000, tcpdump: 1_300 } as const;
/**
 * How long to wait for tcpdump's message that it is listening, because packets of a direct stream may arrive shortly
 * before it.
 */
const LISTENING_LIMIT_MS = 1_000;

/** Adds one target's packets to a merge, as a separate interface, when its recorder is listening. */
export class MergedTarget implements TargetSink {
  readonly output: Output;
  readonly events: RecordingEvents;
  readonly #options: MergedTargetOptions;
  readonly #listening = Promise.withResolvers<void>();
  #device = 'default';
  #filter: string | undefined;
  #delivery: number = DELIVERY_MS.tcpdump;
  #clock: NodeClock | undefined;
  #clockRead: Promise<void> = Promise.resolve();
  #source: Source | undefined;
  #hasEnded = false;

  constructor(options: MergedTargetOptions) {
    this.#options = options;
    this.output = {
      write: (chunk) => this.#write(chunk),
      nextFile: async () => {
        this.#source?.nextFile();
        return 'an interface of its own in the same file';
      },
      close: async () => {},
    };
    this.events = {
      entered: (ref, filter) => {
        this.#filter = filter;
        this.#clockRead = this.#readClock(ref);
      },
      listening: (device, engine) => {
        this.#device = device;
        this.#delivery = DELIVERY_MS[engine];
        this.#listening.resolve();
      },
      remark: (text) => this.#source?.gap(text),
      caughtUp: (uptime) => this.#caughtUp(uptime),
    };
  }

  end(outcome: CaptureOutcome | undefined, failure: string | undefined): void {
    this.#hasEnded = true;
    this.#listening.resolve();
    const { statistics, interruptions = 0, gaps = [], earlyEnd } = outcome ?? {};
    this.#source?.end({
      ...(statistics && { statistics }),
      comments: [
        ...(failure === undefined ? [] : [`the recording failed: ${failure}`]),
        ...(earlyEnd ? [`the recording ended early: ${earlyEndText(earlyEnd)}`] : []),
        ...(gaps.length > 0 ? [`${countText(gaps.length, 'gap')}: packets are missing`] : []),
        ...(interruptions > 0 ? [`resumed after ${countText(interruptions, 'interruption')}`] : []),
      ],
    });
  }

  async #write(chunk: Buffer): Promise<void> {
    this.#source ??= await this.#addSource();
    if (this.#options.isEnded()) throw new OutputClosed('no more packets are wanted');
    try {
      await this.#source.write(chunk);
    } catch (error) {
      if (error instanceof InvalidPcapError)
        throw new Problem(`the recording in the pod is damaged: ${error.message}`, {
          kind: 'damaged',
        });
      // A failure of the output concerns all targets, and is reported only once.
      throw new OutputClosed('the output is full');
    }
  }

  async #addSource(): Promise<Source> {
    const waiting = new AbortController();
    const timeout = wait(LISTENING_LIMIT_MS, undefined, { signal: waiting.signal }).catch(() => {});
    await Promise.race([this.#listening.promise, timeout]);
    // A timer that is left would delay the end of the process.
    waiting.abort();
    await this.#clockRead;
    if (this.#hasEnded) throw new OutputClosed('the target has ended');
    return this.#options.addSource({
      ...this.#options.identity,
      device: this.#device,
      ...(this.#filter !== undefined && { filter: this.#filter }),
      ...(this.#clock && { clockOffset: this.#clock }),
    });
  }

  async #readClock(ref: ContainerRef): Promise<void> {
    this.#clock = await this.#options.clock(ref);
  }

  #caughtUp(uptime: number): void {
    if (!this.#clock) return;
    const { bootedAt, uncertainty } = this.#clock;
    const upTo = bootedAt + uptime * 1000 - uncertainty - this.#delivery;
    this.#source?.progress(toMoment(upTo));
  }
}
