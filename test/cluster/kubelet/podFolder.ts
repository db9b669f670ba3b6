import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Pod } from './pod.ts';

/** Where a node keeps a pod's logs, volumes and small files. */
export class PodFolder {
  readonly logs: string;
  readonly #root: string;

  constructor(nodeFolder: string, { metadata }: Pod) {
    const { namespace, name, uid } = metadata;
    this.logs = join(nodeFolder, 'pod-logs', `${namespace}_${name}_${uid}`);
    this.#root = join(nodeFolder, 'pods', uid);
  }

  /** Path of a container's log below `logs`, as the runtime requires it. */
  logPath(container: string, attempt: number): string {
    return join(container, `${attempt}.log`);
  }

  /** The same as a path on this machine. */
  logFile(container: string, attempt: number): string {
    return join(this.logs, this.logPath(container, attempt));
  }

  /** The folder with all logs of a container. */
  logFolder(container: string): string {
    return join(this.logs, container);
  }

  /** Creates the folder of a container's log. */
  async prepareLog(container: string): Promise<void> {
    await mkdir(join(this.logs, container), { recursive: true });
  }

  /** The folder of a volume that is created on the node. */
  volumePath(kind: string, name: string): string {
    return join(this.#root, 'volumes', `kubernetes.io~${kind}`, name);
  }

  /** Creates that folder, and returns its path. */
  async volume(kind: string, name: string): Promise<string> {
    const path = this.volumePath(kind, name);
    await mkdir(path, { recursive: true, mode: 0o777 });
    return path;
  }

  /** The file for the termination message of a container. */
  terminationMessage(container: string, attempt: number): string {
    return join(this.#root, 'termination', `${container}-${attempt}`);
  }

  /** Creates that file, empty and writable for every user. */
  async prepareTerminationMessage(container: string, attempt: number): Promise<string> {
    const path = this.terminationMessage(container, attempt);
    await mkdir(join(this.#root, 'termination'), { recursive: true });
    await writeFile(path, '', { mode: 0o666 });
    return path;
  }

  /** Writes /etc/hosts of the pod's containers, and returns its path. */
  async hostsFile(hostname: string, ip: string): Promise<string> {
    const path = join(this.#root, 'hosts');
    await mkdir(this.#root, { recursive: true });
    const lines = [
      '# Kubernetes-managed hosts file.',
      '127.0.0.1\tlocalhost',
      `${ip}\t${hostname}`,
    ];
    await writeFile(path, `${lines.join('\n')}\n`);
    return path;
  }

  async remove(): Promise<void> {
    await Promise.all([
      rm(this.logs, { recursive: true, force: true }),
      rm(this.#root, { recursive: true, force: true }),
    ]);
  }
}
