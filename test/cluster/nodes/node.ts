import type { ChildProcessByStdio } from 'node:child_process';
import { execFile, spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { Cri } from './cri.ts';
import type { Fabric } from './fabric.ts';
import { type HeldProcess, scriptPath, startHeld } from './heldProcess.ts';
import { writeNodeFiles } from './nodeFiles.ts';

const run = promisify(execFile);

/** The parameters of a node. The index counts from 1 and determines the addresses. */
export interface NodePlan {
  readonly index: number;
  readonly name: string;
  readonly folder: string;
  readonly pauseImage: string;
  /** The total number of nodes. */
  readonly nodes: number;
  /** Whether node and pods also have IPv6 addresses. */
  readonly dualStack: boolean;
}

/** Creates the node's namespaces. When the parent of its first process is killed, so is the node. */
const unshare = [
  'unshare',
  ...[
    '-n',
    '-m',
    '-p',
    '-u',
    '-f',
    '--kill-child=KILL',
    '--propagation',
    'private',
    '--mount-proc',
  ],
] as const;

/** A machine of the cluster: namespaces, its own containerd, and the pod network of flannel. */
export class ClusterNode {
  readonly name: string;
  readonly folder: string;
  /** IPv4, then IPv6 if the node has both. */
  readonly addresses: readonly string[];
  readonly podNetworks: readonly string[];
  readonly cri: Cri;
  readonly #holder: HeldProcess;
  readonly #init: number;

  private constructor(
    plan: NodePlan,
    addresses: readonly string[],
    holder: HeldProcess,
    init: number,
  ) {
    this.name = plan.name;
    this.folder = plan.folder;
    this.addresses = addresses;
    this.podNetworks = podNetworks(plan);
    this.cri = new Cri(join(plan.folder, 'containerd.sock'));
    this.#holder = holder;
    this.#init = init;
  }

  get address(): string {
    return this.addresses[0] ?? '';
  }

  get podNetwork(): string {
    return this.podNetworks[0] ?? '';
  }

  /** Starts a node. Its containerd may not be ready yet, see `waitUntilReady`. */
  static async start(plan: NodePlan, fabric: Fabric, janitor: Writable): Promise<ClusterNode> {
    const { index, folder, pauseImage } = plan;
    const address = fabric.nodeAddress(index);
    await writeNodeFiles({ folder, address, podNetworks: podNetworks(plan), pauseImage });
    const own = [
      plan.name,
      folder,
      address,
      fabric.gateway,
      flannelAddress(index),
      flannelMac(index),
    ];
    const holder = await startHeld(unshare, 'node.sh', [...own, ...peersOf(plan, fabric)], janitor);
    try {
      const init = await firstChild(holder.pid);
      await fabric.attach(index, init);
      holder.tell('eth0 is there');
      const address6 = plan.dualStack ? [fabric.nodeAddress6(index)] : [];
      const node = new ClusterNode(plan, [address, ...address6], holder, init);
      if (plan.dualStack) await node.#addIpv6(plan, fabric);
      return node;
    } catch (error) {
      await holder.close();
      throw error;
    }
  }

  /** Resolves when containerd and its network plugin can run pods. */
  async waitUntilReady(signal: AbortSignal): Promise<void> {
    while (!(await this.cri.isReady().catch(() => false))) {
      if (signal.aborted) {
        const log = await readFile(join(this.folder, 'containerd.log'), 'utf8');
        throw new Error(`containerd on ${this.name} did not become ready:\n${log.slice(-2000)}`);
      }
      await delay(10);
    }
  }

  /** Imports the images of a `docker save` archive on the node. */
  async importImages(archive: string): Promise<void> {
    const socket = join(this.folder, 'containerd.sock');
    const ctr = ['ctr', '-a', socket, '-n', 'k8s.io', 'images', 'import', archive];
    // In the node's process namespace, so that it ends with the node: ctr waits for a server forever.
    await run('nsenter', ['-t', String(this.#init), '-m', '-p', ...ctr]);
  }

  /** Runs a command in a container as the runtime's exec does, but over plain pipes. */
  spawnInContainer(
    id: string,
    command: readonly string[],
  ): ChildProcessByStdio<Writable, Readable, Readable> {
    const enter = ['-t', String(this.#init), '-m', '-p', '-n', '-u'];
    const exec = ['runc', '--root', '/run/containerd/runc/k8s.io', 'exec', id, ...command];
    return spawn('nsenter', [...enter, ...exec], { stdio: ['pipe', 'pipe', 'pipe'] });
  }

  /** Kills the main process of a container or sandbox like the kernel, without the runtime's knowledge. */
  async killTask(id: string): Promise<void> {
    const socket = join(this.folder, 'containerd.sock');
    const ctr = ['ctr', '-a', socket, '-n', 'k8s.io', 'tasks', 'kill', '-s', 'SIGKILL', id];
    await run('nsenter', ['-t', String(this.#init), '-m', '-p', ...ctr]);
  }

  /** Container ID -> folder with its changes, for all running containers. */
  async writableLayers(): Promise<Map<string, string>> {
    const mounts = await readFile(`/proc/${this.#init}/mountinfo`, 'utf8');
    const layers = mounts.matchAll(/k8s\.io\/([0-9a-f]{64})\/rootfs .*[,\s]upperdir=([^,\s]+)/g);
    return new Map([...layers].map(([, id = '', folder = '']) => [id, folder]));
  }

  /** Mounts memory over a folder, with a size limit in bytes if given. */
  async mountMemory(folder: string, bytes?: number): Promise<void> {
    const size = bytes === undefined ? [] : ['-o', `size=${bytes}`];
    const mount = ['mount', '-t', 'tmpfs', ...size, 'tmpfs', folder];
    await run('nsenter', ['-t', String(this.#init), '-m', ...mount]);
  }

  /** Changes the node's packet filter. Rules are in the format of iptables-save. */
  async restoreIptables(rules: string): Promise<void> {
    const command = ['iptables-restore', '--noflush', '--wait'];
    // Its lock is a file in /run, which the node has its own version of.
    const restored = run('nsenter', ['-t', String(this.#init), '-n', '-m', ...command]);
    restored.child.stdin?.end(rules);
    await restored;
  }

  /** Runs a program of this machine in the node's network. Returns its output, however it ended. */
  async runInNetwork(command: readonly string[]): Promise<string> {
    const enter = ['-t', String(this.#init), '-n', ...command];
    return run('nsenter', enter).then(
      ({ stdout }) => stdout,
      ({ stdout }) => String(stdout ?? ''),
    );
  }

  async #addIpv6(plan: NodePlan, fabric: Fabric): Promise<void> {
    const { index } = plan;
    const own = [fabric.nodeAddress6(index), flannelAddress6(index), flannelMac6(index)];
    const peers = peerIndexes(plan).flatMap((peer) => [
      fabric.nodeAddress6(peer),
      flannelAddress6(peer),
      flannelMac6(peer),
      podNetwork6(peer),
    ]);
    const enter = ['-t', String(this.#init), '-n'];
    await run('nsenter', [...enter, 'sh', scriptPath('ipv6.sh'), ...own, ...peers]);
  }

  /** Reverts `mountMemory`. */
  async unmountMemory(folder: string): Promise<void> {
    await run('nsenter', ['-t', String(this.#init), '-m', 'umount', '-l', folder]);
  }

  /** Ends everything that runs on the node. */
  async close(): Promise<void> {
    this.cri.close();
    await this.#holder.close();
  }
}

function podNetworks({ index, dualStack }: NodePlan): string[] {
  return [podNetwork(index), ...(dualStack ? [podNetwork6(index)] : [])];
}

function podNetwork(index: number): string {
  return `10.244.${index}.0/24`;
}

function podNetwork6(index: number): string {
  return `fd00:10:244:${index}::/64`;
}

function flannelAddress(index: number): string {
  return `10.244.${index}.0`;
}

function flannelMac(index: number): string {
  return `0a:58:0a:f4:0${index}:00`;
}

function flannelAddress6(index: number): string {
  return `fd00:10:244:${index}::`;
}

function flannelMac6(index: number): string {
  return `0a:58:0a:f4:0${index}:06`;
}

function peersOf(plan: NodePlan, fabric: Fabric): string[] {
  return peerIndexes(plan).flatMap((index) => [
    fabric.nodeAddress(index),
    flannelAddress(index),
    flannelMac(index),
    podNetwork(index),
  ]);
}

function peerIndexes({ nodes, index }: NodePlan): number[] {
  return Array.from({ length: nodes }, (_, at) => at + 1).filter((peer) => peer !== index);
}

/** The first process of a PID namespace is the only child of the `unshare` that created it. */
async function firstChild(pid: number): Promise<number> {
  return Number((await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8')).trim());
}
