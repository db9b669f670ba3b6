import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** A shell that signals when it waits for a line. The $ is green, and typed text is bold. */
const SHELL_SETTINGS = `PS1='\\n\\[\\e[32m\\]$\\[\\e[0;1m\\] '
PS0='\\e[0m'
PROMPT_COMMAND='tmux wait-for -S prompt'
unset HISTFILE
`;
/** Longer than any of these commands takes. Milliseconds. */
const PATIENCE = 60_000;

/** A terminal with a shell, for a program to type into. */
interface Terminal {
  /** Types a line, and waits for the next prompt. */
  type(line: string): Promise<void>;
  /** The text on the screen with its styles. */
  screen(): Promise<string>;
  close(): Promise<void>;
}

/** Opens a terminal in its own tmux, which ends with this process even if that is killed. */
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
  // In control mode (-C), the client exits at the end of its input, and the session ends with it.
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
  // tmux prints all events. The first one shows that the server is running.
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
