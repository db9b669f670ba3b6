import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { TestProject } from 'vitest/node';
import { newestKubectl } from './support/kubectls.ts';
import { run } from './support/process.ts';
import type { World } from './support/world.ts';

interface Cluster {
  readonly world: Omit<World, 'namespace' | 'folder' | 'kubectl' | 'nodes' | 'faulty'>;
  close(): Promise<void>;
}

/** Gives the suite a cluster (our own, or the one that E2E_KUBECONFIG names) and a namespace in it. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const { world, close } = process.env.E2E_KUBECONFIG
    ? realCluster(process.env.E2E_KUBECONFIG)
    : await localCluster();
  const faults = await startFaults(world.kubeconfig);
  const folder = mkdtempSync(join(tmpdir(), 'netdebug-e2e-'));
  const kubectl = newestKubectl();
  const namespace = `netdebug-e2e-${process.pid}`;
  const admin = async (...args: string[]) => {
    const result = await run(kubectl, args, { env: { KUBECONFIG: world.kubeconfig } });
    if (result.code !== 0) throw new Error(`kubectl ${args.join(' ')}: ${result.stderr}`);
    return result.stdout;
  };
  const nodes = (await admin('get', 'nodes', '-o', 'jsonpath={.items[*].metadata.name}')).split(
    ' ',
  );
  await admin('create', 'namespace', namespace);
  project.provide('world', {
    ...world,
    faulty: faults.kubeconfigs,
    kubectl,
    namespace,
    folder,
    nodes: [nodes[0] ?? '', nodes[1] ?? nodes[0] ?? ''],
  });
  return async () => {
    if (!world.local) await admin('delete', 'namespace', namespace, '--wait=false');
    await faults.close();
    await close();
    rmSync(folder, { recursive: true });
  };
}

function realCluster(kubeconfig: string): Cluster {
  const { E2E_IMAGE, E2E_APP_IMAGE } = process.env;
  if (!E2E_IMAGE || !E2E_APP_IMAGE)
    throw new Error(
      'E2E_KUBECONFIG needs E2E_IMAGE (a debugger image) and E2E_APP_IMAGE (nginx) on its nodes',
    );
  return {
    world: {
      local: false,
      kubeconfig,
      users: {},
      flavours: [{ name: 'the given image', image: E2E_IMAGE }],
      appImage: E2E_APP_IMAGE,
    },
    close: async () => {},
  };
}

async function localCluster(): Promise<Cluster> {
  const main = join(import.meta.dirname, '..', 'cluster', 'main.ts');
  const { said, close } = await startProgram<{
    kubeconfigs: Record<string, string>;
    staticPodFolders: Record<string, string>;
  }>(main, '--json');
  return {
    world: {
      local: true,
      kubeconfig: said.kubeconfigs.admin ?? '',
      users: said.kubeconfigs,
      staticPodFolders: said.staticPodFolders,
      flavours: [
        { name: 'Debian', image: 'registry.local/debian-nettools:12' },
        { name: 'busybox', image: 'nicolaka/netshoot:v0.14' },
      ],
      appImage: 'nginx:1.27',
    },
    close,
  };
}

/** The proxy of test/faults in front of a cluster, in a process of its own. */
async function startFaults(kubeconfig: string) {
  const main = join(import.meta.dirname, '..', 'faults', 'main.ts');
  const { said, close } = await startProgram<World['faulty']>(
    main,
    ...['--json', '--kubeconfig', kubeconfig],
  );
  return { kubeconfigs: said, close };
}

/** Starts a program of the tests that prints a line of JSON when it is ready, and ends with its input. */
async function startProgram<Said>(main: string, ...args: string[]) {
  const child = spawn(process.execPath, [main, ...args], { stdio: ['pipe', 'pipe', 'inherit'] });
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const line = await new Promise<string>((resolve, reject) => {
    createInterface(child.stdout).once('line', resolve);
    child.once('close', (code) => reject(new Error(`${main} ended with ${code}`)));
  });
  return {
    said: JSON.parse(line) as Said,
    close: async () => {
      child.stdin.end();
      await ended;
    },
  };
}
