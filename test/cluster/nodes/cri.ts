import { fileURLToPath } from 'node:url';
import * as grpc from '@grpc/grpc-js';
import * as loader from '@grpc/proto-loader';
import type { StreamRequest } from '../runtime.ts';
import type {
  ContainerConfig,
  ContainerState,
  CriContainerStatus,
  CriImage,
  PodSandboxConfig,
} from './criMessages.ts';

const definitions = loader.loadSync(fileURLToPath(new URL('cri.proto', import.meta.url)), {
  longs: Number,
  enums: String,
  defaults: true,
  oneofs: true,
});

/** A call that takes longer than this is a bug. Stopping a container adds its grace period. */
const deadlineSeconds = 60;

/** Client of a containerd's Container Runtime Interface. Errors are gRPC's `ServiceError`. */
export class Cri {
  readonly #client: grpc.Client;

  constructor(socket: string) {
    this.#client = new grpc.Client(`unix:${socket}`, grpc.credentials.createInsecure(), {
      // The runtime starts listening within about 100 ms, but gRPC's own first pause is a whole second.
      'grpc.initial_reconnect_backoff_ms': 10,
      'grpc.max_reconnect_backoff_ms': 100,
    });
  }

  /** Whether the runtime and its network plugin are ready for pods. */
  async isReady(): Promise<boolean> {
    type Answer = { status: { conditions: { status: boolean }[] } };
    const { status } = await this.#runtime<Answer>('Status', {});
    return status.conditions.length > 0 && status.conditions.every((condition) => condition.status);
  }

  /** The runtime's version without a leading v. */
  async version(): Promise<string> {
    const answer = await this.#runtime<{ runtimeVersion: string }>('Version', {});
    return answer.runtimeVersion.replace(/^v/, '');
  }

  async listImages(): Promise<CriImage[]> {
    return (await this.#call<{ images: CriImage[] }>('ImageService', 'ListImages', {})).images;
  }

  /** Returns the sandbox's ID. */
  async runPodSandbox(config: PodSandboxConfig): Promise<string> {
    type Answer = { podSandboxId: string };
    return (await this.#runtime<Answer>('RunPodSandbox', { config })).podSandboxId;
  }

  /** Addresses of the pod. Empty if it shares its node's network. */
  async podSandboxIps(podSandboxId: string): Promise<string[]> {
    type Network = { ip: string; additionalIps?: { ip: string }[] };
    type Answer = { status: { network: Network | null } };
    const { status } = await this.#runtime<Answer>('PodSandboxStatus', { podSandboxId });
    const { ip = '', additionalIps = [] } = status.network ?? {};
    return ip === '' ? [] : [ip, ...additionalIps.map((address) => address.ip)];
  }

  async stopPodSandbox(podSandboxId: string): Promise<void> {
    await this.#runtime('StopPodSandbox', { podSandboxId });
  }

  /** Removes the sandboxes with these labels, and their containers. */
  async removePodSandboxes(labelSelector: Readonly<Record<string, string>>): Promise<void> {
    const sandboxes = await this.#listPodSandboxes({ filter: { labelSelector } });
    for (const { id } of sandboxes) await this.#runtime('RemovePodSandbox', { podSandboxId: id });
  }

  /** Returns the container's ID. */
  async createContainer(
    podSandboxId: string,
    config: ContainerConfig,
    sandboxConfig: PodSandboxConfig,
  ): Promise<string> {
    const request = { podSandboxId, config, sandboxConfig };
    return (await this.#runtime<{ containerId: string }>('CreateContainer', request)).containerId;
  }

  async startContainer(containerId: string): Promise<void> {
    await this.#runtime('StartContainer', { containerId });
  }

  /** Sends the stop signal, and SIGKILL after `grace` seconds. */
  async stopContainer(containerId: string, grace: number): Promise<void> {
    const request = { containerId, timeout: grace };
    await this.#call('RuntimeService', 'StopContainer', request, deadlineSeconds + grace);
  }

  /** IDs of all containers and sandboxes that have ended. */
  async listEnded(): Promise<Set<string>> {
    type Answer = { containers: { id: string; state: ContainerState }[] };
    const [{ containers }, sandboxes] = await Promise.all([
      this.#runtime<Answer>('ListContainers', {}),
      this.#listPodSandboxes({}),
    ]);
    const ended = [
      ...containers.filter(({ state }) => state === 'CONTAINER_EXITED'),
      ...sandboxes.filter(({ state }) => state === 'SANDBOX_NOTREADY'),
    ];
    return new Set(ended.map(({ id }) => id));
  }

  async containerStatus(containerId: string): Promise<CriContainerStatus> {
    type Answer = { status: CriContainerStatus };
    return (await this.#runtime<Answer>('ContainerStatus', { containerId })).status;
  }

  /** Runs a command to its end, and returns its output. */
  execSync(
    containerId: string,
    cmd: readonly string[],
  ): Promise<{ stdout: Buffer; stderr: Buffer; exitCode: number }> {
    return this.#runtime('ExecSync', { containerId, cmd, timeout: deadlineSeconds });
  }

  /** Address of the streaming server for one exec. */
  async exec(containerId: string, cmd: readonly string[], streams: StreamRequest): Promise<string> {
    return (await this.#runtime<{ url: string }>('Exec', { containerId, cmd, ...streams })).url;
  }

  /** Address of the streaming server for attaching to the main process. */
  async attach(containerId: string, streams: StreamRequest): Promise<string> {
    return (await this.#runtime<{ url: string }>('Attach', { containerId, ...streams })).url;
  }

  /** Address of the streaming server for forwarding these ports. */
  async portForward(podSandboxId: string, port: readonly number[]): Promise<string> {
    return (await this.#runtime<{ url: string }>('PortForward', { podSandboxId, port })).url;
  }

  close(): void {
    this.#client.close();
  }

  async #listPodSandboxes(request: object): Promise<{ id: string; state: string }[]> {
    type Answer = { items: { id: string; state: string }[] };
    return (await this.#runtime<Answer>('ListPodSandbox', request)).items;
  }

  #runtime<Answer>(method: string, request: object): Promise<Answer> {
    return this.#call('RuntimeService', method, request);
  }

  #call<Answer>(
    service: string,
    method: string,
    request: object,
    seconds = deadlineSeconds,
  ): Promise<Answer> {
    const { path, requestSerialize, responseDeserialize } = methodOf(service, method);
    const options = { deadline: Date.now() + seconds * 1000 };
    const { promise, resolve, reject } = Promise.withResolvers<Answer>();
    this.#client.makeUnaryRequest(
      path,
      requestSerialize,
      // cri.proto is the schema that was used to decode this response.
      (bytes) => responseDeserialize(bytes) as Answer,
      request,
      new grpc.Metadata(),
      options,
      (error, answer) => (error || !answer ? reject(error) : resolve(answer)),
    );
    return promise;
  }
}

function methodOf(service: string, method: string): loader.MethodDefinition<object, object> {
  const methods = definitions[`runtime.v1.${service}`];
  const found = methods && !('format' in methods) ? methods[method] : undefined;
  if (!found) throw new Error(`cri.proto has no ${service}.${method}`);
  return found;
}
