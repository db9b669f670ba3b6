import { readFile } from 'node:fs/promises';
import type { CriImage, PodSandboxConfig } from '../nodes/criMessages.ts';
import type { ClusterNode } from '../nodes/node.ts';
import { containerConfig } from './containerConfig.ts';
import type { ContainerRecord } from './containerRecord.ts';
import type { Pod } from './pod.ts';
import type { PodEvents } from './podEvents.ts';
import type { PodFolder } from './podFolder.ts';

/** Milliseconds until a kubelet tries again to create a container after a failure. */
const retryDelay = 10_000;

/** The sandbox that a pod's containers run in. */
export interface Sandbox {
  readonly id: string;
  readonly config: PodSandboxConfig;
  /** The pod's addresses, or the node's if the pod shares the node's network. */
  readonly ips: readonly string[];
}

/** Creates and starts the containers of one pod, and records the result in records and events. */
export class ContainerStarter {
  readonly #node: ClusterNode;
  readonly #events: PodEvents;
  readonly #folder: PodFolder;

  constructor(node: ClusterNode, events: PodEvents, folder: PodFolder) {
    this.#node = node;
    this.#events = events;
    this.#folder = folder;
  }

  /** Starts a container whose image is available. `target` is the container whose process namespace it joins. */
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

  /** Queries the runtime for the state of the container's newest run. */
  async observe(record: ContainerRecord): Promise<void> {
    if (record.id === undefined) return;
    const status = await this.#node.cri.containerStatus(record.id);
    const terminationMessage = this.#folder.terminationMessage(
      record.spec.name,
      record.restartCount,
    );
    record.observe(status, await readFile(terminationMessage, 'utf8').catch(() => ''));
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

/** An error's message. For gRPC errors, the runtime's message without the code before it. */
export function messageOf(error: unknown): string {
  if (error instanceof Error && 'details' in error) return String(error.details);
  return error instanceof Error ? error.message : String(error);
}
