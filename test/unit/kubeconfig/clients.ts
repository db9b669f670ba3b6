import { type ChildProcess, execFileSync, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import type { Job } from './clientHost.ts';

export interface Said {
  readonly code: number | null;
  readonly stderr: string;
}

const HOOK = join(import.meta.dirname, '..', '..', '..', 'scripts', 'textHook.ts');

/** Our program from its sources, as one command line. */
export const PROGRAM: readonly string[] = [
  process.execPath,
  '--import',
  HOOK,
  join(import.meta.dirname, '..', '..', '..', 'src', 'main.ts'),
];

/** Our program in a process that runs one command after another. */
export function ourClient(): { run(job: Job): Promise<Said>; close(): void } {
  const host: ChildProcess = fork(join(import.meta.dirname, 'clientHost.ts'), {
    execArgv: ['--import', HOOK],
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  });
  return {
    run: async (job) => {
      host.send(job);
      const [said] = (await once(host, 'message')) as [Said];
      return said;
    },
    close: () => host.kill(),
  };
}

/** Runs a program to its end, without input. */
export async function runProgram(program: string, { args, env, cwd }: Job): Promise<Said> {
  const child = spawn(program, args, { env, cwd, stdio: ['ignore', 'ignore', 'pipe'] });
  const [stderr, [code]] = await Promise.all([text(child.stderr), once(child, 'close')]);
  return { code: code as number | null, stderr };
}

/** The last words of a client: what it logged before them and our advice after them left out. */
export function lastWords({ stderr }: Said): string {
  return stderr
    .split('\n')
    .filter((line) => !/^([EIW]\d{4} |warning: | {2}\S|\t| >$)/.test(line))
    .join('\n')
    .trim();
}

/**
 * The upstream kubectl of scripts/kubectl: distributions' ones are older, and wrapped. Empty where
 * it has none, which is everywhere but on Linux with x64.
 */
export function upstreamKubectl(): string {
  if (process.platform !== 'linux' || process.arch !== 'x64') return '';
  const script = join(import.meta.dirname, '..', '..', '..', 'scripts', 'kubectl');
  return execFileSync(script, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] }).trim();
}
