import { spawnSync } from 'node:child_process';

/** Whether a program is on PATH. Prints a notice once if it is not, because a test is skipped. */
export function has(program: string): boolean {
  const found = spawnSync('sh', ['-c', 'command -v "$1"', 'sh', program]).status === 0;
  if (!found) console.log(`${program} is not installed: what it would check is left out`);
  return found;
}

/** Runs a program to its end. Returns its output. Throws with the output unless it succeeds. */
export function output(
  program: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv = process.env,
): string {
  const { status, stdout, stderr, error } = spawnSync(program, args, {
    env,
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
  });
  if (error) throw error;
  if (status !== 0) throw new Error(`${program} ${args.join(' ')}: ${status}\n${stderr}${stdout}`);
  return stdout;
}
