import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';

/** A real Kubernetes in a process of its own. */
export interface KubernetesProcess {
  readonly kubeconfig: string;
  /** User name -> kubeconfig file. */
  readonly kubeconfigs: Readonly<Record<string, string>>;
  readonly folder: string;
  /** Ends it in order. */
  end(): Promise<void>;
  /** Kills it, so that it cannot clean up. */
  kill(): Promise<void>;
}

interface Said {
  readonly kubeconfig: string;
  readonly kubeconfigs: Readonly<Record<string, string>>;
}

/** Runs main.ts as other programs do and resolves when its cluster is ready. */
export async function startKubernetesProcess(): Promise<KubernetesProcess> {
  const child = spawnKubernetes('inherit');
  const exited = once(child, 'exit');
  const said = await firstLine(child);
  return {
    ...said,
    folder: dirname(dirname(said.kubeconfig)),
    async end() {
      child.stdin?.end();
      await exited;
    },
    async kill() {
      child.kill('SIGKILL');
      await exited;
    },
  };
}

/** Starts main.ts; it says every step on standard error. */
export function spawnKubernetes(
  stderr: 'inherit' | 'pipe',
  env: NodeJS.ProcessEnv = process.env,
): ChildProcess {
  const main = join(import.meta.dirname, 'main.ts');
  return spawn(process.execPath, [main, 'run', '--json'], { stdio: ['pipe', 'pipe', stderr], env });
}

async function firstLine({ stdout }: ChildProcess): Promise<Said> {
  if (!stdout) throw new Error('no standard output');
  for await (const line of createInterface({ input: stdout })) return JSON.parse(line) as Said;
  throw new Error('the cluster ended before it was ready');
}
