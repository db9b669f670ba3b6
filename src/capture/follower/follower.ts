import { setTimeout as wait } from 'node:timers/promises';
import type { LeasedProcess } from '../../debugger/leasedProcess.ts';
import { ApiError } from '../../kube/apiError.ts';
import { LoginExpired } from '../../kube/loginRenewals.ts';
import { messageOf, Problem, type ProblemDetails } from '../../problem.ts';
import { FIRST_SIGNAL } from '../exitCode.ts';
import { Attachment, type AttachmentEnd } from './attachment.ts';
import { BadFrame, type Frame } from './frames.ts';

/** The next byte of a recording to read. Files are numbered from 1. */
export interface Position {
  readonly seq: number;
  readonly offset: number;
}

/** The recording is gone or can no longer be reached. */
export class RecordingLost extends Problem {
  constructor(message: string, details: Partial<ProblemDetails> = {}) {
    super(message, { kind: 'lost', ...details });
  }
}

/** The follower's program in the pod never sent hello. */
export class FollowerNotStarted extends Problem {
  readonly exitStatus: number;
  readonly stderr: string;

  constructor(stderr: string, exitStatus: number) {
    super(stderr || `the recorder did not start: exit code ${exitStatus}, without a message`, {
      kind: 'not-started',
    });
    this.stderr = stderr;
    this.exitStatus = exitStatus;
  }
}

export interface FollowerOptions {
  /** Where to start; the first byte of the first file when absent. */
  readonly from?: Position;
  /** Only reads: does not stop or remove the recording. */
  readonly readOnly?: boolean;
  /** Starts the program in the pod at a position; also starts the recorder if `start`. */
  readonly attach: (
    position: Position,
    start: boolean,
    signal: AbortSignal,
  ) => Promise<LeasedProcess>;
  /** Milliseconds for which the recorder continues without a client. */
  readonly linger: number;
  /** Why the recording is gone, if the cluster knows that it is. */
  readonly goneReason: () => Promise<string | undefined>;
  /** The connection was lost: the reason, and until when to retry (milliseconds since the epoch). */
  readonly onDisconnect?: (reason: string, giveUpAt: number) => void;
  /** Called each second until the recorder's hello, with the seconds since the recorder's start was requested. */
  readonly onWaiting?: (seconds: number) => void;
  /** The connection is back after this many milliseconds. */
  readonly onResumed?: (milliseconds: number) => void;
}

/** How long to wait for a connection before trying another one. */
const OPENING_MS = 25_000;
/**
 * How long to wait for the first frame of a connection. A busy node starts a command long after the connection is
 * established, and each attempt gives it one more command to start, so the next attempt waits longer.
 */
const FIRST_FRAME_MS = [30_000, 60_000, 90_000] as const;
/** The same if the recorder is known to be running. */
const RESUME_FRAME_MS = [10_000, 20_000, 40_000] as const;
/** How long to wait for the recorder's hello. */
const START_LIMIT_MS = 180_000;
/** After this many consecutive failures to run the command, the runtime's error is considered final. */
const MAX_EXEC_FAILURES = 3;
/** Pauses between attempts to reconnect; the last one repeats. */
const PAUSES_MS = [0, 250, 500, 1_000, 2_000, 3_000, 5_000];
/** After a connection that lasted this long, the pauses start again with the first one. */
const STABLE_MS = 10_000;
/** Added to the linger time: a heartbeat may have been on its way, and the recorder checks only at intervals. */
const GRACE_MS = 3_000;
/** The minimum wait for any connection, however late it is. */
const MIN_WAIT_MS = 5_000;
/** How many consecutive connections the program in the pod may close immediately. */
const MAX_REFUSALS = 5;

/**
 * Transfers a recording, each byte once and in order. After each cut, reconnects and resumes at the next byte, for as
 * long as the recorder lingers.
 */
export class Follower {
  readonly #options: FollowerOptions;
  readonly #closed = new AbortController();
  #position: Position;
  #attachment: Attachment | undefined;
  /** The current connection has sent something, so its script handles signals. */
  #canStop = false;
  #started = false;
  #stopping = false;
  #lastFrameAt = Date.now();
  /** Since the recorder's last hello, because frames that waited while this process was suspended prove nothing. */
  #longestSilence = 0;
  #disconnectedAt: number | undefined;
  #disconnects = 0;
  #failures = 0;
  #refusals = 0;
  /** Consecutive connections without a frame. */
  #silentConnections = 0;
  #execFailures = 0;
  readonly #startRequestedAt = Date.now();

  constructor(options: FollowerOptions) {
    this.#options = options;
    this.#position = options.from ?? { seq: 1, offset: 0 };
  }

  get isReadOnly(): boolean {
    return this.#options.readOnly === true;
  }

  get position(): Position {
    return this.#position;
  }

  /** How many times the connection was lost and restored. */
  get interruptions(): number {
    return this.#disconnects;
  }

  /** Whether the recorder can be told to stop now: the script in the pod handles signals. */
  get canStop(): boolean {
    return this.#canStop;
  }

  /** When the last frame arrived, in milliseconds since the epoch. */
  get lastFrameAt(): number {
    return this.#lastFrameAt;
  }

  /**
   * The frames of the recording, up to `over` or until the follower is closed. A frame's data counts as arrived when
   * the next frame is requested. Throws what the first attempt to start the recorder throws, FollowerNotStarted, and
   * RecordingLost.
   */
  async *frames(): AsyncGenerator<Frame> {
    const waitTimer = setInterval(() => {
      if (this.#started) clearInterval(waitTimer);
      else this.#options.onWaiting?.(Math.round((Date.now() - this.#startRequestedAt) / 1000));
    }, 1000);
    try {
      yield* this.#frames();
    } finally {
      clearInterval(waitTimer);
    }
  }

  async *#frames(): AsyncGenerator<Frame> {
    while (!this.#closed.signal.aborted) {
      const attachment = await this.#attach();
      if (!attachment) return;
      let firstFrameAt: number | undefined;
      const from = this.#position;
      try {
        for await (const frame of attachment.frames()) {
          if (this.#endedBeforeHello(frame)) {
            if (this.#stopping) return;
            attachment.close();
            continue;
          }
          if (frame.kind === 'over' && frame.why === 'lost') throw await this.#lossError();
          firstFrameAt ??= Date.now();
          this.#onFrame(frame, attachment);
          yield frame;
          this.#advance(frame);
          if (frame.kind === 'over' || this.#closed.signal.aborted) return;
        }
      } catch (error) {
        if (!(error instanceof BadFrame)) throw error;
        throw new Problem(`the data from the pod is damaged: ${error.message}`, {
          kind: 'damaged',
        });
      }
      const end = await attachment.waitForEnd();
      if (this.#closed.signal.aborted) return;
      this.#attachment = undefined;
      this.#silentConnections = attachment.hasReceived ? 0 : this.#silentConnections + 1;
      if (this.#started) await this.#onConnectionLost(end, firstFrameAt, this.#position !== from);
      else await this.#onStartFailed(end);
    }
  }

  /**
   * Ends the recording: the rest of its data still arrives, then `over`, even after reconnecting. A read-only follower
   * stops at once, and the recording continues.
   */
  stop(): void {
    if (this.isReadOnly) {
      this.close();
      return;
    }
    if (this.#stopping) return;
    this.#stopping = true;
    if (this.#canStop) this.#attachment?.sendSignal();
  }

  /**
   * To be called after `over`: everything has arrived, so the spool can be removed. Returns whether it is known to be
   * removed.
   */
  async acknowledge(milliseconds: number): Promise<boolean> {
    if (this.isReadOnly) return true;
    const attachment = this.#attachment;
    if (!attachment) return false;
    attachment.sendSignal();
    const limit = setTimeout(() => attachment.close(), milliseconds);
    // The end of the connection is noticed only by reading.
    for await (const _ of attachment.frames());
    const { exit } = await attachment.waitForEnd();
    clearTimeout(limit);
    return exit === 0;
  }

  /** Stops following at once. The recorder is asked to stop; if that does not arrive, its lease ends it. */
  close(): void {
    if (!this.isReadOnly) this.#attachment?.sendSignal();
    this.#closed.abort();
    this.#attachment?.close();
  }

  #onFrame(frame: Frame, attachment: Attachment): void {
    const now = Date.now();
    this.#longestSilence =
      frame.kind === 'hello' ? 0 : Math.max(this.#longestSilence, now - this.#lastFrameAt);
    this.#lastFrameAt = now;
    if (frame.kind === 'starting' && !this.#canStop) {
      this.#canStop = true;
      if (this.#stopping) attachment.sendSignal();
    }
    if (frame.kind !== 'hello' && frame.kind !== 'over') return;
    this.#started = true;
    if (frame.kind === 'hello' && this.#stopping && !this.#canStop) attachment.sendSignal();
    this.#canStop = true;
    if (this.#disconnectedAt === undefined) return;
    this.#options.onResumed?.(Date.now() - this.#disconnectedAt);
    this.#disconnectedAt = undefined;
  }

  /** The recording ended before its hello arrived here: nothing is lost, and the recorder is started again. */
  #endedBeforeHello(frame: Frame): boolean {
    const isGone = frame.kind === 'over' && (frame.why === 'lost' || frame.why === 'lease');
    return isGone && !this.#started && !this.isReadOnly;
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

  /** Connects to the pod; undefined if this follower was closed. */
  async #attach(): Promise<Attachment | undefined> {
    for (;;) {
      if (await this.#pause()) return undefined;
      const attempt = new AbortController();
      const firstFrameLimit = this.#firstFrameLimit();
      const limit = setTimeout(
        () => attempt.abort(new Problem('no response', { kind: 'unreachable' })),
        Math.min(firstFrameLimit, OPENING_MS),
      );
      const signal = AbortSignal.any([this.#closed.signal, attempt.signal]);
      try {
        const process = await this.#options.attach(this.#position, !this.#started, signal);
        this.#attachment = new Attachment(process, firstFrameLimit);
        return this.#attachment;
      } catch (error) {
        if (this.#closed.signal.aborted) return undefined;
        this.#failures += 1;
        if (!this.#started) {
          // A refusal by the server is final.
          if (!attempt.signal.aborted) throw error;
          await this.#giveUpIfGone();
          this.#giveUpStartIfLate(messageOf(error));
          continue;
        }
        if (error instanceof LoginExpired && error.isFinal)
          throw new RecordingLost(error.message, { next: error.next, cause: error });
        if (error instanceof ApiError) await this.#giveUpIfGone();
        this.#giveUpIfLate(messageOf(error));
      } finally {
        clearTimeout(limit);
      }
    }
  }

  /** Waits before the next attempt. Returns true if this follower was closed. */
  async #pause(): Promise<boolean> {
    const pause = PAUSES_MS[Math.min(this.#failures, PAUSES_MS.length - 1)] ?? 0;
    if (pause > 0 && (this.#disconnectedAt !== undefined || !this.#started))
      await wait(pause, undefined, { signal: this.#closed.signal }).catch(() => {});
    return this.#closed.signal.aborted;
  }

  /** Milliseconds within which the next connection must send its first frame. */
  #firstFrameLimit(): number {
    const limits = this.#started ? RESUME_FRAME_MS : FIRST_FRAME_MS;
    const limit = limits[this.#silentConnections] ?? limits[limits.length - 1] ?? MIN_WAIT_MS;
    const end = this.#started ? this.#giveUpAt() : this.#startRequestedAt + START_LIMIT_MS;
    return Math.max(MIN_WAIT_MS, Math.min(limit, end - Date.now()));
  }

  /** The connection ended before the recorder's hello, so no recording was interrupted. */
  async #onStartFailed({ reason, exit, stderr, execError }: AttachmentEnd): Promise<void> {
    this.#canStop = false;
    // A signal has an external cause, for example low memory: another attempt may succeed.
    if (exit !== undefined && exit < FIRST_SIGNAL)
      throw new FollowerNotStarted(stderr.join('\n'), exit);
    this.#execFailures = execError ? this.#execFailures + 1 : 0;
    if (execError?.failure === 'program-missing' || this.#execFailures >= MAX_EXEC_FAILURES)
      throw execError;
    this.#failures += 1;
    await this.#giveUpIfGone();
    this.#giveUpStartIfLate(reason);
  }

  #giveUpStartIfLate(reason: string): void {
    const waited = Date.now() - this.#startRequestedAt;
    if (waited < START_LIMIT_MS) return;
    throw new Problem(
      `the pod has not ${this.isReadOnly ? 'answered' : 'started the recorder'} within ${Math.round(waited / 1000)} s: ${reason}`,
      {
        kind: 'not-started',
        next: ['is its node overloaded? Check the load of the node, or try again with fewer pods'],
      },
    );
  }

  async #onConnectionLost(
    { reason, exit, stderr }: AttachmentEnd,
    firstFrameAt: number | undefined,
    progressed: boolean,
  ): Promise<void> {
    this.#canStop = false;
    // A connection without frames is not steady, however long it lasted.
    const connectedFor = firstFrameAt === undefined ? 0 : Date.now() - firstFrameAt;
    if (connectedFor > STABLE_MS) this.#failures = 0;
    this.#refusals = exit !== undefined && connectedFor < STABLE_MS ? this.#refusals + 1 : 0;
    if (this.#refusals > MAX_REFUSALS) throw new FollowerNotStarted(stderr.join('\n'), exit ?? 0);
    if (this.#disconnectedAt === undefined) {
      // Pauses are needed for a proxy that cuts each connection before its first frame.
      this.#failures = progressed ? 0 : this.#failures + 1;
      this.#disconnectedAt = Date.now();
      this.#disconnects += 1;
      this.#options.onDisconnect?.(reason, this.#giveUpAt());
      return;
    }
    this.#failures += 1;
    await this.#giveUpIfGone();
    this.#giveUpIfLate(reason);
  }

  /** The limit counts from the cut: heartbeats were sent until then, whether or not this process was reading. */
  #giveUpAt(): number {
    return (this.#disconnectedAt ?? Date.now()) + this.#options.linger + GRACE_MS;
  }

  #giveUpIfLate(reason: string): void {
    if (Date.now() < this.#giveUpAt()) return;
    const seconds = Math.round((Date.now() - this.#lastFrameAt) / 1000);
    throw new RecordingLost(
      `the pod has been unreachable for ${seconds} s, longer than the recorder continues without this client: ${reason}`,
    );
  }

  async #lossError(): Promise<RecordingLost> {
    const silence = Math.max(this.#longestSilence, Date.now() - this.#lastFrameAt);
    const reason = await this.#options.goneReason();
    return new RecordingLost(
      reason ??
        (silence > this.#options.linger
          ? `the capture ended in the pod: it had not heard from this client for ${Math.round(silence / 1000)} s`
          : 'the spool in the pod no longer exists: another client removed it'),
    );
  }

  async #giveUpIfGone(): Promise<void> {
    const reason = await this.#options.goneReason();
    if (reason !== undefined) throw new RecordingLost(reason);
  }
}
