import { execFileSync, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { startPeakMemory } from './peakMemory.ts';

/** The two programs to compare, on one cluster. */
export interface Clients {
  readonly netdebug: string;
  readonly kubectl: string;
  readonly kubeconfig: string;
}

/** One command line: a program and its arguments. */
export type CommandLine = readonly [program: string, ...args: string[]];

export interface Run {
  readonly milliseconds: number;
  /** Bytes. */
  readonly peakMemory: number;
  /** CPU time, with a resolution of 10 ms. */
  readonly cpuMilliseconds: number;
  readonly stdout: string;
}

const root = join(import.meta.dirname, '..', '..');

/**
 * Finds both programs: netdebug is the binary that users install, which is built if it is missing. scripts/kubectl
 * fetches the other.
 */
export function findClients(kubeconfig: string): Clients {
  const netdebug = join(root, 'dist', 'bin', 'linux-amd64', 'kubectl-netdebug');
  if (!existsSync(netdebug))
    execFileSync(join(root, 'scripts', 'build'), ['linux-amd64'], { stdio: 'inherit' });
  const kubectl = execFileSync(join(root, 'scripts', 'kubectl'), {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  }).trim();
  return { netdebug, kubectl, kubeconfig };
}

/** The versions of both programs, in one line. */
export function nameClients({ netdebug, kubectl }: Clients): string {
  const ours = execFileSync(netdebug, ['--version'], { encoding: 'utf8' }).trim();
  const { clientVersion } = JSON.parse(
    execFileSync(kubectl, ['version', '--client', '-o', 'json'], { encoding: 'utf8' }),
  ) as { clientVersion: { gitVersion: string; goVersion: string; platform: string } };
  const { gitVersion, goVersion, platform } = clientVersion;
  return `${ours} against upstream kubectl ${gitVersion} (${goVersion}, ${platform})`;
}

interface RunOptions {
  /** Whether to keep its output. */
  readonly keep?: boolean;
  readonly stdin?: string;
  /** Variables to set for it. */
  readonly env?: NodeJS.ProcessEnv;
}

/** Runs a client to its end. Its output is discarded or kept. Fails with its error message. */
export async function run(
  { kubeconfig }: Clients,
  [program, ...args]: CommandLine,
  { keep = false, stdin = '', env = {} }: RunOptions = {},
): Promise<Run> {
  const startTime = performance.now();
  const child = spawn(program, args, {
    stdio: ['pipe', keep ? 'pipe' : 'ignore', 'pipe'],
    env: { ...process.env, KUBECONFIG: kubeconfig, ...env },
  });
  const memory = startPeakMemory(child.pid ?? 0);
  let stdout = '';
  let stderr = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  child.stdin?.on('error', () => {}).end(stdin);
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  const milliseconds = performance.now() - startTime;
  const peakMemory = memory.stop();
  if (code !== 0) throw new Error(`${program} ${args.join(' ')}: ${code}\n${stderr}`);
  return { milliseconds, peakMemory, cpuMilliseconds: memory.cpuMilliseconds(), stdout };
}
