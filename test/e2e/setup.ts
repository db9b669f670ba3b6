import { spawn } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { TestProject } from 'vitest/node';
import { findRunningCluster, type RunningCluster } from '../cluster/runningCluster.ts';
import type { Ready } from '../kubernetes/kubernetesProcess.ts';
import { givenCluster } from './support/givenCluster.ts';
import { newestKubectl } from './support/kubectls.ts';
import { ownKubeconfig } from './support/ownAccount.ts';
import { run } from './support/process.ts';
import type { World } from './support/world.ts';

/** The parts that are the same for every kind of cluster. */
type MadeHere =
  | 'namespace'
  | 'folder'
  | 'kubectl'
  | 'nodes'
  | 'hasIpv6'
  | 'faulty'
  | 'label'
  | 'ownKubeconfig';

/** A cluster for the suite, and its properties. */
export interface Cluster {
  readonly world: Omit<World, MadeHere>;
  close(): Promise<void>;
}

/** The name of a label on all objects of a run. */
const LABEL = 'netdebug.test/run';

/** The output of the program that runs the local cluster. */
type LocalSaid = Pick<RunningCluster, 'kubeconfigs' | 'staticPodFolders'>;

/** The properties of both kinds of clusters that the suite starts itself. */
const OWN_CLUSTER = {
  canDeny: true,
  flavours: [
    { name: 'debian', image: 'registry.local/debian-nettools:12' },
    { name: 'busybox', image: 'nicolaka/netshoot:v0.14' },
  ],
  appImage: 'nginx:1.27',
  oddImages: {
    noShell: 'registry.local/distroless:1',
    noTools: 'busybox:1.36',
    noSs: 'registry.local/slim:1',
  },
};

/**
 * Provides the suite with a cluster and a namespace in it: the cluster of E2E_KUBECONFIG, a real Kubernetes started
 * here with E2E_CLUSTER=kubernetes, or else the local cluster. With E2E_CLUSTER=running, the local cluster is the one
 * that `npm run cluster` of this checkout runs, if there is one.
 */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const kubectl = newestKubectl();
  const namespace = `netdebug-${project.name}-${process.pid}`;
  const label = { [LABEL]: namespace };
  const folder = mkdtempSync(join(tmpdir(), 'netdebug-e2e-'));
  // Both kinds of clusters are tested: the dual-stack one runs the tests of paths.
  const dualStack = project.name === 'e2e-alone';
  const running = process.env.E2E_CLUSTER === 'running' ? findRunningCluster() : undefined;
  const staying = process.env.E2E_KUBECONFIG || running?.kubeconfigs.admin;
  const objects = staying ? [kubectl, staying, `${LABEL}=${namespace}`] : [];
  const cleaner = startCleaner(folder, ...objects);
  const { world, close } = await startCluster({ kubectl, folder, label, running, dualStack });
  const { kubeconfig } = world;
  const admin = async (args: readonly string[], object: object = {}) => {
    const stdin = JSON.stringify(object);
    const result = await run(kubectl, args, { stdin, env: { KUBECONFIG: kubeconfig } });
    if (result.code !== 0) throw new Error(`kubectl ${args.join(' ')}: ${result.stderr}`);
    return result.stdout;
  };
  const names = 'jsonpath={.items[*].metadata.name}';
  const nodes = (await admin(['get', 'nodes', '-o', names])).split(' ');
  const ranges = await admin(['get', 'nodes', '-o', 'jsonpath={.items[0].spec.podCIDRs}']);
  const metadata = { name: namespace, labels: label };
  await admin(['create', '-f', '-'], { apiVersion: 'v1', kind: 'Namespace', metadata });
  const own = await ownKubeconfig({ kubeconfig, namespace, label, folder, admin });
  const faults = await startFaults(own);
  project.provide('world', {
    ...world,
    ...{ kubectl, namespace, folder, label, faulty: faults.kubeconfigs },
    ...{ ownKubeconfig: own, hasIpv6: ranges.includes(':') },
    nodes: [nodes[0] ?? '', nodes[1] ?? nodes[0] ?? ''],
  });
  return async () => {
    await faults.close();
    await cleaner.close();
    await close();
  };
}

function startCluster(plan: {
  kubectl: string;
  folder: string;
  label: Readonly<Record<string, string>>;
  running: RunningCluster | undefined;
  dualStack: boolean;
}): Promise<Cluster> {
  const { E2E_KUBECONFIG, E2E_CLUSTER } = process.env;
  if (E2E_KUBECONFIG) return givenCluster({ ...plan, kubeconfig: E2E_KUBECONFIG });
  if (E2E_CLUSTER === 'kubernetes') return ownKubernetes();
  if (E2E_CLUSTER && E2E_CLUSTER !== 'running')
    throw new Error(`E2E_CLUSTER is kubernetes, running or empty, not ${E2E_CLUSTER}`);
  return plan.running
    ? Promise.resolve({ world: localWorld(plan.running), close: async () => {} })
    : localCluster(plan.dualStack);
}

/** Outlives the suite, however it ends, to remove its folder and what it created in a cluster that remains. */
function startCleaner(folder: string, ...objects: readonly string[]) {
  const main = join(import.meta.dirname, 'support', 'cleaner.ts');
  const child = spawn(process.execPath, [main, folder, ...objects], {
    stdio: ['pipe', 'ignore', 'inherit'],
    detached: true,
  });
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  return {
    close: async () => {
      child.stdin.end('done');
      await ended;
    },
  };
}

async function ownKubernetes(): Promise<Cluster> {
  const main = join(import.meta.dirname, '..', 'kubernetes', 'main.ts');
  const { ready, close } = await startProgram<Ready>(main, 'run', '--json');
  return {
    world: {
      ...OWN_CLUSTER,
      kind: 'kubernetes',
      kubeconfig: ready.kubeconfig,
      users: ready.kubeconfigs,
      staticPodFolders: ready.staticPodFolders,
    },
    close,
  };
}

async function localCluster(dualStack: boolean): Promise<Cluster> {
  const main = join(import.meta.dirname, '..', 'cluster', 'main.ts');
  const { ready, close } = await startProgram<LocalSaid>(
    main,
    ...['--json', ...(dualStack ? ['--dual-stack'] : [])],
  );
  return { world: localWorld(ready), close };
}

function localWorld({ kubeconfigs, staticPodFolders }: LocalSaid): Cluster['world'] {
  return {
    ...OWN_CLUSTER,
    kind: 'local',
    kubeconfig: kubeconfigs.admin ?? '',
    users: kubeconfigs,
    staticPodFolders,
  };
}

/** The proxy of test/faults in front of a cluster, in a separate process. */
async function startFaults(kubeconfig: string) {
  const main = join(import.meta.dirname, '..', 'faults', 'main.ts');
  const { ready, close } = await startProgram<World['faulty']>(
    main,
    ...['--json', '--kubeconfig', kubeconfig],
  );
  return { kubeconfigs: ready, close };
}

/** Starts a test program that prints a line of JSON when it is ready, and ends with its input. */
async function startProgram<Message>(main: string, ...args: string[]) {
  const child = spawn(process.execPath, [main, ...args], { stdio: ['pipe', 'pipe', 'inherit'] });
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const line = await new Promise<string>((resolve, reject) => {
    createInterface(child.stdout).once('line', resolve);
    child.once('close', (code) => reject(new Error(`${main} ended with ${code}`)));
  });
  return {
    ready: JSON.parse(line) as Message,
    close: async () => {
      child.stdin.end();
      await ended;
    },
  };
}
