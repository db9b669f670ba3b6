import type { CriContainerStatus } from '../nodes/criMessages.ts';
import { now } from '../store.ts';
import type { Container, ContainerState, Terminated } from './pod.ts';

export type ContainerKind = 'init' | 'regular' | 'ephemeral';

const specFields = {
  init: 'initContainers',
  regular: 'containers',
  ephemeral: 'ephemeralContainers',
} as const;

/** The kubelet's back-off times after crashes and failed pulls, in seconds. */
const firstBackOff = 10;
const longestBackOff = 300;

/** The kubelet's record of one container of a pod over all its restarts. */
export class ContainerRecord {
  readonly kind: ContainerKind;
  readonly spec: Container;
  state: ContainerState;
  /** How the previous run ended. */
  lastState: { terminated?: Terminated } = {};
  /** ID of the newest run. */
  id: string | undefined;
  image: string;
  imageId = '';
  /** How often the runtime has created it. */
  attempts = 0;
  /** No new attempt is made before this time, in milliseconds. */
  retryAt = 0;
  /** Why the last pull failed. Undefined if none failed. */
  pullError: string | undefined;
  /** Why the last start failed. Undefined if none failed. */
  startError: string | undefined;
  /** The last result of its readiness probe. False without a probe. */
  passesReadiness = false;
  /** Whether it should run again. */
  #isDueAgain = false;
  #backOff = 0;
  #backedOffFor: string | undefined;

  constructor(kind: ContainerKind, spec: Container, hasInit: boolean) {
    this.kind = kind;
    this.spec = spec;
    this.image = spec.image;
    const reason = kind !== 'ephemeral' && hasInit ? 'PodInitializing' : 'ContainerCreating';
    this.state = { waiting: { reason } };
  }

  /** The path of the container in events. */
  get fieldPath(): string {
    return `spec.${specFields[this.kind]}{${this.spec.name}}`;
  }

  get isReady(): boolean {
    return this.isRunning && (this.spec.readinessProbe === undefined || this.passesReadiness);
  }

  get isRunning(): boolean {
    return 'running' in this.state;
  }

  /** Whether it has not run yet, or should run again regardless of its end. */
  get isDue(): boolean {
    return this.id === undefined || this.#isDueAgain;
  }

  /** How the newest run ended. Undefined while it runs, or if no run counts. */
  get ended(): Terminated | undefined {
    return this.#isDueAgain ? undefined : this.#lastEnd;
  }

  get #lastEnd(): Terminated | undefined {
    if ('terminated' in this.state) return this.state.terminated;
    return 'waiting' in this.state && this.id !== undefined ? this.lastState.terminated : undefined;
  }

  get restartCount(): number {
    return Math.max(0, this.attempts - 1);
  }

  /** Records a new run. */
  created(id: string): void {
    if (this.#lastEnd) this.lastState = { terminated: this.#lastEnd };
    this.#isDueAgain = false;
    this.passesReadiness = false;
    this.id = id;
    this.attempts += 1;
  }

  /** A new sandbox starts from the beginning, so the previous end no longer counts. */
  repeat(): void {
    this.#isDueAgain = this.id !== undefined;
  }

  /**
   * Its machine was shut down, so it is unknown how it ended. Every container except a regular one runs again. This
   * includes ephemeral containers, finished or not, as on a real node.
   */
  lose(): void {
    if ('running' in this.state) {
      const { startedAt } = this.state.running;
      const containerID = `containerd://${this.id}`;
      const why = { exitCode: 255, reason: 'Unknown' };
      this.state = { terminated: { ...why, startedAt, finishedAt: now(), containerID } };
    }
    this.#backOff = 0;
    this.#backedOffFor = this.id;
    this.retryAt = 0;
    if (this.kind !== 'regular') this.repeat();
  }

  wait(reason: string, message?: string): void {
    if ('terminated' in this.state) this.lastState = { terminated: this.state.terminated };
    this.state = { waiting: { reason, ...(message !== undefined && { message }) } };
  }

  /** Applies the runtime's status and the container's termination message. */
  observe(status: CriContainerStatus, lastWords: string): void {
    this.image = status.image.image;
    this.imageId = status.imageRef;
    if (status.state === 'CONTAINER_RUNNING') {
      this.state = { running: { startedAt: timeOf(status.startedAt) } };
    } else if (status.state === 'CONTAINER_EXITED') {
      const message = [status.message, lastWords].filter(Boolean).join(': ');
      this.state = {
        terminated: {
          exitCode: status.exitCode,
          reason: status.reason,
          ...(message && { message }),
          startedAt: timeOf(status.startedAt),
          finishedAt: timeOf(status.finishedAt),
          containerID: `containerd://${status.id}`,
        },
      };
    }
  }

  /** The back-off time in seconds after another failure: 0 after the first, then 10, 20, 40 … 300. */
  nextBackOff(): number {
    const seconds = this.#backOff;
    this.#backOff = Math.min(longestBackOff, seconds * 2 || firstBackOff);
    return seconds;
  }

  /** The same after the end of the newest run. Undefined if that was already requested. */
  backOffAfterEnd(): number | undefined {
    if (this.#backedOffFor === this.id) return undefined;
    this.#backedOffFor = this.id;
    return this.nextBackOff();
  }
}

function timeOf(nanoseconds: number): string {
  return new Date(nanoseconds / 1e6).toISOString().replace(/\.\d+Z$/, 'Z');
}
