import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { dirname } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** A cluster in a separate process. */
export interface ClusterProcess {
  readonly kubeconfig: string;
  readonly folder: string;
  /** Ends it cleanly. */
  end(): Promise<void>;
  /** Kills it, so that it cannot clean up. */
  kill(): Promise<void>;
}

/** Runs main.ts as other programs do. Resolves when its cluster is ready. */
export async function startClusterProcess(): Promise<ClusterProcess> {
  const main = fileURLToPath(new URL('main.ts', import.meta.url));
  const child = spawn(process.execPath, [main, '--json'], { stdio: ['pipe', 'pipe', 'inherit'] });
  const exited = once(child, 'exit');
  const { kubeconfig } = await firstLine(child);
  return {
    kubeconfig,
    folder: dirname(kubeconfig),
    async end() {
      child.stdin.end();
      await exited;
    },
    async kill() {
      child.kill('SIGKILL');
      await exited;
    },
  };
}

async function firstLine({ stdout }: ChildProcess): Promise<{ kubeconfig: string }> {
  if (!stdout) throw new Error('no standard output');
  for await (const line of createInterface({ input: stdout })) return JSON.parse(line);
  throw new Error('the cluster ended before it was ready');
}
