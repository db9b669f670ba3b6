import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** A shell that says when it waits for a line; a green $, and what is typed in bold. */
const SHELL_SETTINGS = `PS1='\\n\\[\\e[32m\\]$\\[\\e[0;1m\\] '
PS0='\\e[0m'
PROMPT_COMMAND='tmux wait-for -S prompt'
unset HISTFILE
`;
/** More than any command here takes, in milliseconds. */
const PATIENCE = 60_000;

/** A terminal with a shell in it, for a program to type into. */
interface Terminal {
  /** Types a line and waits until the shell asks for the next. */
  type(line: string): Promise<void>;
  /** What is on the screen, styles and all. */
  screen(): Promise<string>;
  close(): Promise<void>;
}

/** Opens a terminal in a tmux of its own, which ends with this process even when that is killed. */
export async function openTerminal(
  size: { columns: number; rows: number },
  folder: string,
  env: NodeJS.ProcessEnv,
): Promise<Terminal> {
  const settings = join(folder, 'bashrc');
  writeFileSync(settings, SHELL_SETTINGS);
  const socket = ['-S', join(folder, 'tmux')];
  const tmux = (...args: string[]) => run('tmux', [...socket, ...args], { env, timeout: PATIENCE });
  const cells = ['-x', String(size.columns), '-y', String(size.rows)];
  const shell = ['bash', '--noprofile', '--rcfile', settings];
  // In control mode (-C) the end of its input is the client's end, and with that the session's.
  const client = spawn(
    'tmux',
    [
      ...[...socket, '-f', '/dev/null', '-C', 'new-session', ...cells, ...shell],
      ...[';', 'set-option', 'destroy-unattached', 'on'],
      ...[';', 'set-option', 'window-size', 'manual', ';', 'resize-window', ...cells],
    ],
    { env, stdio: ['pipe', 'pipe', 'inherit'] },
  );
  await once(client, 'spawn');
  // It tells of all that happens; its first word is that the server is there.
  await Promise.race([once(client.stdout, 'data'), once(client, 'close')]);
  client.stdout.resume();
  await tmux('wait-for', 'prompt');
  return {
    async type(line) {
      await tmux('send-keys', '-l', line);
      await tmux('send-keys', 'Enter');
      await tmux('wait-for', 'prompt');
    },
    screen: async () => (await tmux('capture-pane', '-e', '-p')).stdout,
    async close() {
      client.stdin.end();
      await once(client, 'close');
    },
  };
}
