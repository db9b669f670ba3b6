import { readFile } from 'node:fs/promises';
import type { CriImage, PodSandboxConfig } from '../nodes/criMessages.ts';
import type { ClusterNode } from '../nodes/node.ts';
import { containerConfig } from './containerConfig.ts';
import type { ContainerRecord } from './containerRecord.ts';
import type { Pod } from './pod.ts';
import type { PodEvents } from './podEvents.ts';
import type { PodFolder } from './podFolder.ts';

/** Time until a kubelet tries again to create a container that could not be, in milliseconds. */
const retryDelay = 10_000;

/** The sandbox that a pod's containers run in. */
export interface Sandbox {
  readonly id: string;
  readonly config: PodSandboxConfig;
  /** The pod's addresses; the node's own when it shares its network. */
  readonly ips: readonly string[];
}

/** Creates and starts containers of one pod, and says in records and events how that went. */
export class ContainerStarter {
  readonly #node: ClusterNode;
  readonly #events: PodEvents;
  readonly #folder: PodFolder;

  constructor(node: ClusterNode, events: PodEvents, folder: PodFolder) {
    this.#node = node;
    this.#events = events;
    this.#folder = folder;
  }

  /** Starts a container whose image is there. `target` is the container whose processes it joins. */
  async start(
    record: ContainerRecord,
    pod: Pod,
    sandbox: Sandbox,
    image: CriImage,
    target: ContainerRecord | undefined,
  ): Promise<void> {
    const id = await this.#create(record, pod, sandbox, image, target);
    if (id === undefined) return;
    this.#events.record(pod, 'Normal', 'Created', 'Container created', record.fieldPath);
    record.created(id);
    try {
      await this.#node.cri.startContainer(id);
      record.startError = undefined;
      this.#events.record(pod, 'Normal', 'Started', 'Container started', record.fieldPath);
    } catch (error) {
      record.startError = messageOf(error);
      this.#fail(record, pod, record.startError);
    }
    await this.observe(record);
  }

  /** Asks the runtime how the container's newest run is. */
  async observe(record: ContainerRecord): Promise<void> {
    if (record.id === undefined) return;
    const status = await this.#node.cri.containerStatus(record.id);
    const lastWords = this.#folder.terminationMessage(record.spec.name, record.restartCount);
    record.observe(status, await readFile(lastWords, 'utf8').catch(() => ''));
  }

  async #create(
    record: ContainerRecord,
    pod: Pod,
    sandbox: Sandbox,
    image: CriImage,
    target: ContainerRecord | undefined,
  ): Promise<string | undefined> {
    const surroundings = {
      pod,
      folder: this.#folder,
      podIp: sandbox.ips[0] ?? '',
      attempt: record.attempts,
      image,
    };
    let reason = 'CreateContainerConfigError';
    try {
      const targetId = targetOf(record, target);
      const around = targetId === undefined ? surroundings : { ...surroundings, target: targetId };
      const config = await containerConfig(record.spec, around);
      reason = 'CreateContainerError';
      return await this.#node.cri.createContainer(sandbox.id, config, sandbox.config);
    } catch (error) {
      record.wait(reason, messageOf(error));
      record.retryAt = Date.now() + retryDelay;
      this.#fail(record, pod, messageOf(error));
      return undefined;
    }
  }

  #fail(record: ContainerRecord, pod: Pod, message: string): void {
    this.#events.record(pod, 'Warning', 'Failed', `Error: ${message}`, record.fieldPath);
  }
}

function targetOf(
  record: ContainerRecord,
  target: ContainerRecord | undefined,
): string | undefined {
  const { targetContainerName } = record.spec;
  if (!targetContainerName) return undefined;
  if (target?.id === undefined)
    throw new Error(`unable to find target container ${targetContainerName}`);
  return target.id;
}

/** An error's message; the runtime's own words without gRPC's code in front. */
export function messageOf(error: unknown): string {
  if (error instanceof Error && 'details' in error) return String(error.details);
  return error instanceof Error ? error.message : String(error);
}
