import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

/** A cluster in a separate process, so that its CPU time is not counted for the benchmark. */
export interface BenchCluster {
  readonly kubeconfig: string;
  /** The process that serves the API. It also contains the local cluster's kubelets. */
  readonly pid: number;
  /** A short description. */
  readonly name: string;
  /** Ends it cleanly. If this process is killed, it ends by itself. */
  close(): Promise<void>;
}

/** The programs that run clusters, with the arguments for JSON output. */
const CLUSTERS: Readonly<Record<string, { main: readonly string[]; name: string }>> = {
  local: {
    main: ['cluster/main.ts', '--json'],
    name: 'local cluster (containerd, our API server)',
  },
  kubernetes: { main: ['kubernetes/main.ts', 'run', '--json'], name: 'Kubernetes, two nodes' },
};

/** Starts a cluster of this kind: `local` or `kubernetes`. Resolves when its API server answers. */
export async function startBenchCluster(kind: string): Promise<BenchCluster> {
  const chosen = CLUSTERS[kind];
  if (!chosen) throw new Error(`--cluster ${kind}: one of ${Object.keys(CLUSTERS).join(', ')}`);
  const [main = '', ...words] = chosen.main;
  const child = spawn(process.execPath, [join(import.meta.dirname, '..', main), ...words], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const closed = once(child, 'close');
  const line = await new Promise<string>((resolve, reject) => {
    createInterface(child.stdout).once('line', resolve);
    child.once('close', (code) => reject(new Error(`the cluster ended with ${code}`)));
  });
  const { kubeconfig } = JSON.parse(line) as { kubeconfig: string };
  return {
    kubeconfig,
    pid: child.pid ?? 0,
    name: chosen.name,
    close: async () => {
      child.stdin.end();
      await closed;
    },
  };
}
