import { runCommandLine } from '../../../src/cli/commandLine.ts';

/** One command as a process of its own would run it. */
export interface Job {
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
}

// Runs commands one after another, since loading the program takes longer than most of them.
process.on('message', async ({ args, env, cwd }: Job) => {
  process.chdir(cwd);
  for (const name of Object.keys(process.env)) delete process.env[name];
  Object.assign(process.env, env);
  let stderr = '';
  process.stderr.write = (chunk: string | Uint8Array) => {
    stderr += chunk;
    return true;
  };
  const code = await runCommandLine(args);
  process.send?.({ code, stderr });
});
