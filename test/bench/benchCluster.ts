import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

/** The local cluster in a process of its own, so that its work is not ours. */
export interface BenchCluster {
  readonly kubeconfig: string;
  /** Ends it in order; when this process is killed it ends by itself. */
  close(): Promise<void>;
}

/** Starts the cluster of test/cluster; resolves when its API server answers. */
export async function startBenchCluster(): Promise<BenchCluster> {
  const main = join(import.meta.dirname, '..', 'cluster', 'main.ts');
  const child = spawn(process.execPath, [main, '--json'], { stdio: ['pipe', 'pipe', 'inherit'] });
  const closed = once(child, 'close');
  const line = await new Promise<string>((resolve, reject) => {
    createInterface(child.stdout).once('line', resolve);
    child.once('close', (code) => reject(new Error(`the local cluster ended with ${code}`)));
  });
  const { kubeconfig } = JSON.parse(line) as { kubeconfig: string };
  return {
    kubeconfig,
    close: async () => {
      child.stdin.end();
      await closed;
    },
  };
}
