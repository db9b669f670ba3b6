import { type ContainerKind, ContainerRecord } from './containerRecord.ts';
import { ContainerStarter, type Sandbox } from './containerStarter.ts';
import { pullImage } from './imagePull.ts';
import { type Container, type Pod, podFullName } from './pod.ts';
import type { PodFolder } from './podFolder.ts';
import type { Surroundings } from './podWorker.ts';
import { watchOver } from './probes.ts';

/** Nothing to do until an event occurs. */
const never = Number.POSITIVE_INFINITY;

/** The parameters of a turn over the containers of a pod. */
export interface Turn {
  readonly pod: Pod;
  readonly sandbox: Sandbox;
  /** Call it whenever the pod's status may have changed. */
  readonly publish: () => void;
  /** Ends waiting early. */
  readonly signal: AbortSignal;
}

/** The containers of one pod. Decides which ones to start, restart and stop. */
export class PodContainers {
  readonly #around: Surroundings;
  readonly #folder: PodFolder;
  readonly #starter: ContainerStarter;
  readonly #records = new Map<string, ContainerRecord>();

  constructor(around: Surroundings, folder: PodFolder) {
    this.#around = around;
    this.#folder = folder;
    this.#starter = new ContainerStarter(around.node, around.events, folder);
  }

  get records(): ContainerRecord[] {
    return [...this.#records.values()];
  }

  /** ID of the running container with that name. */
  runningId(name: string): string | undefined {
    const record = this.#records.get(name);
    return record?.isRunning ? record.id : undefined;
  }

  /** Path of the newest log of the container with that name. */
  logFile(name: string): string | undefined {
    const record = this.#records.get(name);
    return record?.id === undefined ? undefined : this.#folder.logFile(name, record.restartCount);
  }

  /** Adds the new containers of the spec. */
  add({ spec }: Pod): void {
    const hasInit = (spec.initContainers ?? []).length > 0;
    const add = (kind: ContainerKind, containers: readonly Container[] = []) => {
      for (const container of containers)
        if (!this.#records.has(container.name))
          this.#records.set(container.name, new ContainerRecord(kind, container, hasInit));
    };
    add('init', spec.initContainers);
    add('regular', spec.containers);
    add('ephemeral', spec.ephemeralContainers);
  }

  /** Updates those of the pod's containers that are among these IDs of ended ones. */
  async observe(ended: ReadonlySet<string>): Promise<void> {
    for (const record of this.records)
      if (record.isRunning && ended.has(record.id ?? '')) await this.#starter.observe(record);
  }

  /**
   * Starts what is due: ephemeral containers first, then init containers one by one, then regular ones when all init
   * containers are done. Returns the time of the next turn if nothing happens before.
   */
  async start(turn: Turn): Promise<number> {
    const next: number[] = [];
    for (const record of this.#of('ephemeral'))
      if (record.isDue) next.push(await this.#start(record, turn));
    const pending = this.#of('init').find((record) => record.ended?.exitCode !== 0);
    for (const record of pending ? [pending] : this.#of('regular'))
      if (!record.isRunning) next.push(await this.#startOrRestart(record, turn));
    return Math.min(never, ...next);
  }

  /** Call it when the sandbox was lost: the next one starts with the init containers. */
  beginAgain(): void {
    for (const record of this.#of('init')) record.repeat();
  }

  /** Ends everything as if the machine was shut down. */
  async lose(): Promise<void> {
    await Promise.all(
      this.records.map(async (record) => {
        if (record.isRunning && record.id !== undefined)
          await this.#around.node.cri.stopContainer(record.id, 0);
        record.lose();
      }),
    );
  }

  /** Container name -> its ID and its logs, for all that have been started. */
  get placed(): { name: string; id: string; logs: string }[] {
    return this.records.flatMap(({ id, spec }) =>
      id === undefined ? [] : [{ name: spec.name, id, logs: this.#folder.logFolder(spec.name) }],
    );
  }

  /** Stops all running containers, with this grace period in seconds. */
  async stop(pod: Pod, grace: number): Promise<void> {
    const running = this.records.filter((record) => record.isRunning);
    await Promise.all(
      running.map(async (record) => {
        const message = `Stopping container ${record.spec.name}`;
        this.#around.events.record(pod, 'Normal', 'Killing', message, record.fieldPath);
        if (record.id !== undefined) await this.#around.node.cri.stopContainer(record.id, grace);
        await this.#starter.observe(record);
      }),
    );
  }

  #of(kind: ContainerKind): ContainerRecord[] {
    return this.records.filter((record) => record.kind === kind);
  }

  async #startOrRestart(record: ContainerRecord, turn: Turn): Promise<number> {
    if (record.ended) {
      const { exitCode, finishedAt } = record.ended;
      const policy = turn.pod.spec.restartPolicy ?? 'Always';
      const isDone = record.kind === 'regular' && policy === 'OnFailure' && exitCode === 0;
      if (policy === 'Never' || isDone) return never;
      const seconds = record.backOffAfterEnd();
      if (seconds !== undefined) record.retryAt = Date.parse(finishedAt) + seconds * 1000;
      if (seconds) this.#backOff(record, turn.pod, seconds);
    }
    return this.#start(record, turn);
  }

  #backOff(record: ContainerRecord, pod: Pod, seconds: number): void {
    const { name } = record.spec;
    const full = podFullName(pod);
    const why = `back-off ${goDuration(seconds)} restarting failed container=${name} pod=${full}`;
    record.wait('CrashLoopBackOff', why);
    const message = `Back-off restarting failed container ${name} in pod ${full}`;
    this.#around.events.record(pod, 'Warning', 'BackOff', message, record.fieldPath);
  }

  /** Starts a container when it is due. Returns the time to check it again. */
  async #start(record: ContainerRecord, { pod, sandbox, publish, signal }: Turn): Promise<number> {
    if (Date.now() < record.retryAt) return record.retryAt;
    const { images, events } = this.#around;
    const before = record.id;
    const image = await pullImage(record, pod, images, events, publish, signal);
    if (image) {
      const target = this.#records.get(record.spec.targetContainerName ?? '');
      await this.#starter.start(record, pod, sandbox, image, target);
      const restarts = pod.spec.restartPolicy !== 'Never';
      if (record.startError && restarts) record.wait('RunContainerError', record.startError);
    }
    if (record.isRunning && record.id !== before) {
      const { node, closed } = this.#around;
      const around = {
        pod,
        podIp: sandbox.ips[0] ?? '',
        node,
        events,
        changed: publish,
        signal: closed,
      };
      watchOver(record, around);
    }
    publish();
    if (record.isRunning) return never;
    // A container that ended at once is checked in another turn at once.
    return record.id === undefined || record.kind === 'ephemeral' ? record.retryAt || never : 0;
  }
}

/** Go's format of durations: `10s`, `1m20s`. */
function goDuration(seconds: number): string {
  const minutes = Math.floor(seconds / 60);
  return minutes > 0 ? `${minutes}m${seconds % 60}s` : `${seconds}s`;
}
