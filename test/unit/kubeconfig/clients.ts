import { type ChildProcess, execFileSync, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import type { Job } from './clientHost.ts';

export interface ProgramResult {
  readonly code: number | null;
  readonly stderr: string;
}

const HOOK = join(import.meta.dirname, '..', '..', '..', 'scripts', 'textHook.ts');

/** netdebug from its sources, as one command line. */
export const PROGRAM: readonly string[] = [
  process.execPath,
  '--import',
  HOOK,
  join(import.meta.dirname, '..', '..', '..', 'src', 'main.ts'),
];

/** netdebug in a process that runs one command after another. */
export function ourClient(): { run(job: Job): Promise<ProgramResult>; close(): void } {
  const host: ChildProcess = fork(join(import.meta.dirname, 'clientHost.ts'), {
    execArgv: ['--import', HOOK],
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  });
  return {
    run: async (job) => {
      host.send(job);
      const [result] = (await once(host, 'message')) as [ProgramResult];
      return result;
    },
    close: () => host.kill(),
  };
}

/** Runs a program to its end, without input. */
export async function runProgram(program: string, { args, env, cwd }: Job): Promise<ProgramResult> {
  const child = spawn(program, args, { env, cwd, stdio: ['ignore', 'ignore', 'pipe'] });
  const [stderr, [code]] = await Promise.all([text(child.stderr), once(child, 'close')]);
  return { code: code as number | null, stderr };
}

/** The last message of a client, without its log before and netdebug's advice after it. */
export function lastLines({ stderr }: ProgramResult): string {
  return stderr
    .split('\n')
    .filter((line) => !/^([EIW]\d{4} |warning: | {2}\S|\t| >$)/.test(line))
    .join('\n')
    .trim();
}

/**
 * The upstream kubectl of scripts/kubectl, because distributions have older ones with wrappers. Empty if
 * scripts/kubectl has none, which is everywhere except Linux on x64.
 */
export function upstreamKubectl(): string {
  if (process.platform !== 'linux' || process.arch !== 'x64') return '';
  const script = join(import.meta.dirname, '..', '..', '..', 'scripts', 'kubectl');
  return execFileSync(script, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] }).trim();
}
