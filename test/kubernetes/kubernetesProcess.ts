import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';

/** The output of `main.ts run --json` when it is ready. */
export interface Ready {
  readonly kubeconfig: string;
  /** User name -> kubeconfig file. */
  readonly kubeconfigs: Readonly<Record<string, string>>;
  /** Node name -> PID of its first process, for `enterWords`. */
  readonly nodes: Readonly<Record<string, number>>;
  /** Node name -> folder for manifests of static pods. */
  readonly staticPodFolders: Readonly<Record<string, string>>;
}

/** A real Kubernetes in a separate process. */
export interface KubernetesProcess extends Ready {
  readonly folder: string;
  /** Ends it cleanly. */
  end(): Promise<void>;
  /** Kills it, so that it cannot clean up. */
  kill(): Promise<void>;
}

/** Runs main.ts as other programs do. Resolves when its cluster is ready. */
export async function startKubernetesProcess(): Promise<KubernetesProcess> {
  const child = spawnKubernetes('inherit');
  const exited = once(child, 'exit');
  const firstOutputLine = await firstLine(child);
  return {
    ...firstOutputLine,
    folder: dirname(dirname(firstOutputLine.kubeconfig)),
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

/** Starts main.ts, which reports every step on standard error. */
export function spawnKubernetes(
  stderr: 'inherit' | 'pipe',
  env: NodeJS.ProcessEnv = process.env,
): ChildProcess {
  const main = join(import.meta.dirname, 'main.ts');
  return spawn(process.execPath, [main, 'run', '--json'], { stdio: ['pipe', 'pipe', stderr], env });
}

async function firstLine({ stdout }: ChildProcess): Promise<Ready> {
  if (!stdout) throw new Error('no standard output');
  for await (const line of createInterface({ input: stdout })) return JSON.parse(line) as Ready;
  throw new Error('the cluster ended before it was ready');
}
