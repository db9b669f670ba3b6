import { setTimeout as wait } from 'node:timers/promises';
import type { LeasedProcess } from '../../debugger/leasedProcess.ts';
import { ApiError } from '../../kube/apiError.ts';
import { LoginLost } from '../../kube/loginLost.ts';
import { messageOf, Problem } from '../../problem.ts';
import { Attachment, type Ending } from './attachment.ts';
import { BadFrame, type Frame } from './frames.ts';

/** The next byte that is wanted of a recording: files are numbered from 1. */
export interface Position {
  readonly seq: number;
  readonly offset: number;
}

/** The recording is out of reach for good, or is no more. */
export class RecordingLost extends Problem {}

/** The pod's end never said hello: the shell's last words. */
export class NotFollowed extends Problem {
  readonly exitStatus: number;
  readonly said: string;

  constructor(said: string, exitStatus: number) {
    super(said || `the recorder did not start: exit code ${exitStatus}, and no word`);
    this.said = said;
    this.exitStatus = exitStatus;
  }
}

export interface FollowerOptions {
  /** Where to begin; at the first byte of the first file when absent. */
  readonly from?: Position;
  /** The recording is somebody else's: it is neither ended nor removed by us. */
  readonly guest?: boolean;
  /** Starts the pod's end at a position: the recorder too, as long as it is not known to run. */
  readonly attach: (
    position: Position,
    start: boolean,
    signal: AbortSignal,
  ) => Promise<LeasedProcess>;
  /** Milliseconds that the recorder goes on without a client. */
  readonly linger: number;
  /** What became of the recording, where the cluster knows that it is gone. */
  readonly fate: () => Promise<string | undefined>;
  /** The connection was lost, why, and the time after which it is no use to go on trying. */
  readonly onCut?: (reason: string, giveUpAt: number) => void;
  /** The recorder has not said hello for so many seconds since it was asked for; told each second. */
  readonly onWaiting?: (seconds: number) => void;
  /** Milliseconds that the connection was lost. */
  readonly onResumed?: (milliseconds: number) => void;
}

/** A connection that does not stand by then is given up, and another one tried. */
const OPENING_MS = 25_000;
/**
 * How long a connection may bring nothing at first. A busy node starts a command long after the
 * connection stands, and each attempt is one more command for it: so the next one waits longer.
 */
const START_SIGN_MS = [30_000, 60_000, 90_000] as const;
/** The same where the recorder is known to run. */
const RESUME_SIGN_MS = [10_000, 20_000, 40_000] as const;
/** A recorder that has not said hello by then is given up. */
const START_LIMIT_MS = 180_000;
/** A runtime that says so often in a row that it cannot start the command means it. */
const MAX_UNRUN = 3;
/** Pauses between attempts to connect again; the last one is repeated. */
const PAUSES_MS = [0, 250, 500, 1_000, 2_000, 3_000, 5_000];
/** A connection that has brought something for so long begins the pauses anew. */
const STEADY_MS = 10_000;
/** Longer than the linger: a sign of life may have been on its way, and looks cost time. */
const GRACE_MS = 3_000;
/** The least that a connection gets, however late it is. */
const SOON_MS = 5_000;
/** Exit codes from here on tell of a signal. */
const FIRST_SIGNAL = 128;
/** Connections in a row that the pod's end closed at once by itself. */
const MAX_REFUSALS = 5;

/**
 * Brings a recording to us, every byte once and in order, whatever becomes of the connection: after
 * each cut it attaches again where it stood, for as long as the recorder lingers.
 */
export class Follower {
  readonly #options: FollowerOptions;
  readonly #closed = new AbortController();
  #position: Position;
  #attachment: Attachment | undefined;
  /** The current connection has said something: its script listens to signals. */
  #listening = false;
  #known = false;
  #stopping = false;
  #lastHeard = Date.now();
  /** Since the recorder was known to live: frames that waited while we were stopped prove nothing. */
  #longestSilence = 0;
  #cutAt: number | undefined;
  #cuts = 0;
  #failures = 0;
  #refusals = 0;
  /** Connections in a row that brought nothing. */
  #mute = 0;
  #unrun = 0;
  readonly #askedAt = Date.now();

  constructor(options: FollowerOptions) {
    this.#options = options;
    this.#position = options.from ?? { seq: 1, offset: 0 };
  }

  get isGuest(): boolean {
    return this.#options.guest === true;
  }

  get position(): Position {
    return this.#position;
  }

  /** How often the connection was lost and made again. */
  get interruptions(): number {
    return this.#cuts;
  }

  /** Whether the recorder can be told to stop now: something in the pod listens. */
  get isListening(): boolean {
    return this.#listening;
  }

  /** When the pod was heard last, in milliseconds since the epoch. */
  get lastHeard(): number {
    return this.#lastHeard;
  }

  /**
   * The frames of the recording, up to `over` or until it is closed. What a frame brought counts as
   * arrived when the next one is asked for. Throws what the first attempt to start the recorder
   * throws, NotFollowed, and RecordingLost.
   */
  async *frames(): AsyncGenerator<Frame> {
    const telling = setInterval(() => {
      if (this.#known) clearInterval(telling);
      else this.#options.onWaiting?.(Math.round((Date.now() - this.#askedAt) / 1000));
    }, 1000);
    try {
      yield* this.#frames();
    } finally {
      clearInterval(telling);
    }
  }

  async *#frames(): AsyncGenerator<Frame> {
    while (!this.#closed.signal.aborted) {
      const attached = await this.#attach();
      if (!attached) return;
      let since: number | undefined;
      const from = this.#position;
      try {
        for await (const frame of attached.frames()) {
          if (this.#neverBegan(frame)) {
            if (this.#stopping) return;
            attached.close();
            continue;
          }
          if (frame.kind === 'over' && frame.why === 'lost') throw await this.#gone();
          since ??= Date.now();
          this.#heard(frame, attached);
          yield frame;
          this.#advance(frame);
          if (frame.kind === 'over' || this.#closed.signal.aborted) return;
        }
      } catch (error) {
        if (!(error instanceof BadFrame)) throw error;
        throw new Problem(`what came from the pod is damaged: ${error.message}`);
      }
      const ending = await attached.ending();
      if (this.#closed.signal.aborted) return;
      this.#attachment = undefined;
      this.#mute = attached.heard ? 0 : this.#mute + 1;
      if (this.#known) await this.#lost(ending, since, this.#position !== from);
      else await this.#notStarted(ending);
    }
  }

  /**
   * Ends the recording: what it holds still comes, then `over`. Holds across cuts. A guest only ends
   * its own reading, at once.
   */
  stop(): void {
    if (this.isGuest) {
      this.close();
      return;
    }
    if (this.#stopping) return;
    this.#stopping = true;
    if (this.#listening) this.#attachment?.nudge();
  }

  /** After `over`: everything has arrived, the spool can go. Gives whether it is known to be gone. */
  async acknowledge(milliseconds: number): Promise<boolean> {
    if (this.isGuest) return true;
    const attachment = this.#attachment;
    if (!attachment) return false;
    attachment.nudge();
    const limit = setTimeout(() => attachment.close(), milliseconds);
    // Read on, so that its end is seen.
    for await (const _ of attachment.frames());
    const { exit } = await attachment.ending();
    clearTimeout(limit);
    return exit === 0;
  }

  /** Lets go of the recording at once; its lease ends it. */
  close(): void {
    this.#closed.abort();
    this.#attachment?.close();
  }

  #heard(frame: Frame, attachment: Attachment): void {
    const now = Date.now();
    this.#longestSilence =
      frame.kind === 'hello' ? 0 : Math.max(this.#longestSilence, now - this.#lastHeard);
    this.#lastHeard = now;
    if (frame.kind === 'starting' && !this.#listening) {
      this.#listening = true;
      if (this.#stopping) attachment.nudge();
    }
    if (frame.kind !== 'hello' && frame.kind !== 'over') return;
    this.#known = true;
    if (frame.kind === 'hello' && this.#stopping && !this.#listening) attachment.nudge();
    this.#listening = true;
    if (this.#cutAt === undefined) return;
    this.#options.onResumed?.(Date.now() - this.#cutAt);
    this.#cutAt = undefined;
  }

  /** It was ended before we heard of it, since nobody came: there is nothing to lose, and it is begun anew. */
  #neverBegan(frame: Frame): boolean {
    const isGone = frame.kind === 'over' && (frame.why === 'lost' || frame.why === 'lease');
    return isGone && !this.#known && !this.isGuest;
  }

  #advance(frame: Frame): void {
    const { seq, offset } = this.#position;
    switch (frame.kind) {
      case 'data':
        if (frame.seq !== seq || frame.offset !== offset)
          throw new BadFrame(`file ${frame.seq} at ${frame.offset}, not ${seq} at ${offset}`);
        this.#position = { seq, offset: offset + frame.bytes.length };
        break;
      case 'end':
        if (frame.seq !== seq || frame.size !== offset)
          throw new BadFrame(`file ${frame.seq} ends at ${frame.size}, not ${seq} at ${offset}`);
        this.#position = { seq: seq + 1, offset: 0 };
        break;
      case 'gap':
        this.#position = { seq: frame.last + 1, offset: 0 };
        break;
    }
  }

  /** A connection; undefined when this follower is closed meanwhile. */
  async #attach(): Promise<Attachment | undefined> {
    for (;;) {
      const failed = await this.#pause();
      if (failed) return undefined;
      const attempt = new AbortController();
      const firstSign = this.#firstSign();
      const limit = setTimeout(
        () => attempt.abort(new Problem('no answer came')),
        Math.min(firstSign, OPENING_MS),
      );
      const signal = AbortSignal.any([this.#closed.signal, attempt.signal]);
      try {
        const process = await this.#options.attach(this.#position, !this.#known, signal);
        this.#attachment = new Attachment(process, firstSign);
        return this.#attachment;
      } catch (error) {
        if (this.#closed.signal.aborted) return undefined;
        this.#failures += 1;
        if (!this.#known) {
          // What the server refuses is not asked twice.
          if (!attempt.signal.aborted) throw error;
          await this.#giveUpIfGone();
          this.#giveUpStart(messageOf(error));
          continue;
        }
        if (error instanceof LoginLost && error.isFinal)
          throw new RecordingLost(error.message, { next: error.next, cause: error });
        if (error instanceof ApiError) await this.#giveUpIfGone();
        this.#giveUpIfLate(messageOf(error));
      } finally {
        clearTimeout(limit);
      }
    }
  }

  /** Waits before the next attempt; gives true when closed meanwhile. */
  async #pause(): Promise<boolean> {
    const pause = PAUSES_MS[Math.min(this.#failures, PAUSES_MS.length - 1)] ?? 0;
    if (pause > 0 && (this.#cutAt !== undefined || !this.#known))
      await wait(pause, undefined, { signal: this.#closed.signal }).catch(() => {});
    return this.#closed.signal.aborted;
  }

  /** Milliseconds in which the next connection must bring something. */
  #firstSign(): number {
    const limits = this.#known ? RESUME_SIGN_MS : START_SIGN_MS;
    const limit = limits[this.#mute] ?? limits[limits.length - 1] ?? SOON_MS;
    const end = this.#known ? this.#giveUpAt() : this.#askedAt + START_LIMIT_MS;
    return Math.max(SOON_MS, Math.min(limit, end - Date.now()));
  }

  /** The connection ended before the recorder had said hello: nothing was interrupted. */
  async #notStarted({ reason, exit, said, unrun }: Ending): Promise<void> {
    this.#listening = false;
    // By a signal it was ended from outside, as where memory is short, and may fare better.
    if (exit !== undefined && exit < FIRST_SIGNAL) throw new NotFollowed(said.join('\n'), exit);
    this.#unrun = unrun ? this.#unrun + 1 : 0;
    if (unrun?.failure === 'program-missing' || this.#unrun >= MAX_UNRUN) throw unrun;
    this.#failures += 1;
    await this.#giveUpIfGone();
    this.#giveUpStart(reason);
  }

  #giveUpStart(reason: string): void {
    const waited = Date.now() - this.#askedAt;
    if (waited < START_LIMIT_MS) return;
    throw new Problem(
      `the pod has not ${this.isGuest ? 'answered' : 'started the recorder'} within ${Math.round(waited / 1000)} s: ${reason}`,
      { next: ["is its node overloaded? Look at the node's load, or try again with fewer pods"] },
    );
  }

  async #lost(
    { reason, exit, said }: Ending,
    since: number | undefined,
    progressed: boolean,
  ): Promise<void> {
    this.#listening = false;
    // A connection that brought nothing is not steady, however long it stood.
    const stood = since === undefined ? 0 : Date.now() - since;
    if (stood > STEADY_MS) this.#failures = 0;
    this.#refusals = exit !== undefined && stood < STEADY_MS ? this.#refusals + 1 : 0;
    if (this.#refusals > MAX_REFUSALS) throw new NotFollowed(said.join('\n'), exit ?? 0);
    if (this.#cutAt === undefined) {
      // A peer that cuts each connection before it brought anything is not to be asked without pause.
      this.#failures = progressed ? 0 : this.#failures + 1;
      this.#cutAt = Date.now();
      this.#cuts += 1;
      this.#options.onCut?.(reason, this.#giveUpAt());
      return;
    }
    this.#failures += 1;
    await this.#giveUpIfGone();
    this.#giveUpIfLate(reason);
  }

  /** The recorder was told of us until the connection was lost, whether or not we were reading. */
  #giveUpAt(): number {
    return (this.#cutAt ?? Date.now()) + this.#options.linger + GRACE_MS;
  }

  #giveUpIfLate(reason: string): void {
    if (Date.now() < this.#giveUpAt()) return;
    const seconds = Math.round((Date.now() - this.#lastHeard) / 1000);
    throw new RecordingLost(
      `the pod has been out of reach for ${seconds} s, longer than the recorder goes on without us: ${reason}`,
    );
  }

  async #gone(): Promise<RecordingLost> {
    const silent = Math.max(this.#longestSilence, Date.now() - this.#lastHeard);
    const fate = await this.#options.fate();
    return new RecordingLost(
      fate ??
        (silent > this.#options.linger
          ? `the capture was ended in the pod: it had not heard from this client for ${Math.round(silent / 1000)} s`
          : 'the spool in the pod is gone: somebody removed it'),
    );
  }

  async #giveUpIfGone(): Promise<void> {
    const fate = await this.#options.fate();
    if (fate !== undefined) throw new RecordingLost(fate);
  }
}
