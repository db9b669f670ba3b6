import { randomBytes } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startApiServer } from './apiserver/server.ts';
import { clusterRuntime } from './clusterRuntime.ts';
import { startControllers } from './controllers/controllers.ts';
import type { Kubelet } from './kubelet/kubelet.ts';
import { startJanitor } from './nodes/janitor.ts';
import type { ClusterNode } from './nodes/node.ts';
import type { Runtime } from './runtime.ts';
import { startScheduler } from './scheduler.ts';
import { startServiceProxy } from './serviceProxy.ts';
import { settleAll } from './settleAll.ts';
import { startNodes } from './startNodes.ts';
import { Store } from './store.ts';
import { clusterSwitches } from './switches.ts';

/** Two nodes with real containers and a local API server, on this machine only. */
export interface LocalCluster {
  /** Path of the administrator's kubeconfig file. */
  readonly kubeconfig: string;
  /** User name -> path of that user's kubeconfig file. */
  readonly kubeconfigs: Readonly<Record<string, string>>;
  readonly store: Store;
  readonly runtime: Runtime;
  readonly nodes: readonly ClusterNode[];
  /** Node name -> folder of its static pods' manifests (JSON). */
  readonly staticPodFolders: Readonly<Record<string, string>>;
  /** Contains everything that the cluster writes. It no longer exists after `close`. */
  readonly folder: string;
  /** Ends everything on a node at once and restarts its kubelet, as in a reboot. */
  restartNode(name: string): void;
  /** Kills the process that holds a pod's namespaces. Its kubelet creates a new sandbox. */
  killSandbox(namespace: string, pod: string): void;
  /** Stops or resumes the heartbeats of a node's kubelet. The node is NotReady in the meantime. */
  setReady(node: string, isReady: boolean): void;
  /** Resolves when no process, mount, link, control group or file of the cluster is left. */
  close(): Promise<void>;
}

const nodeNames = ['node-a', 'node-b'];
/** A start takes about two seconds, but more on a machine under load. Milliseconds. */
const startTimeout = 60_000;

/**
 * Starts a cluster. Requires root, and the programs that `whyNoClusterHere` checks. The cluster ends with this process,
 * even if that is killed. With `dualStack`, nodes and pods also have IPv6 addresses.
 */
export async function startCluster({ dualStack = false } = {}): Promise<LocalCluster> {
  const id = randomBytes(4).toString('hex');
  const folder = join(tmpdir(), `netdebug-${id}`);
  await mkdir(folder, { mode: 0o700 });
  const janitor = startJanitor(`netdebug-${id}`, folder);
  const parts: { close(): Promise<void> | void }[] = [janitor];
  const close = async () => {
    for (const part of parts.splice(0).toReversed()) await part.close();
  };
  const store = new Store();
  const kubelets: Kubelet[] = [];
  const runtime = clusterRuntime(kubelets);
  const keep = <Part extends { close(): Promise<void> | void }>(part: Part) => {
    parts.push(part);
    return part;
  };
  try {
    const plan = { names: nodeNames, id, folder, cgroup: `/netdebug-${id}`, store, dualStack };
    const signal = AbortSignal.timeout(startTimeout);
    const nodes = startNodes({ ...plan, janitor: janitor.stdin, signal, onStarted: keep });
    const server = startApiServer({ store, runtime, host: '127.0.0.1', folder }).then(keep);
    const [started, { kubeconfigs }] = await settleAll([nodes, server]);
    kubelets.push(...started);
    keep({ close: startScheduler(store) });
    keep({ close: startControllers(store) });
    const kubeconfig = kubeconfigs.admin ?? '';
    const machines = started.map(({ node }) => node);
    keep({ close: startServiceProxy(store, machines) });
    const staticPodFolders = Object.fromEntries(
      started.map((kubelet) => [kubelet.node.name, kubelet.staticPodFolder]),
    );
    const own = {
      ...{ kubeconfig, kubeconfigs, store, runtime, nodes: machines, staticPodFolders },
      ...{ folder, close },
    };
    return { ...own, ...clusterSwitches(store) };
  } catch (error) {
    await close();
    throw error;
  }
}
