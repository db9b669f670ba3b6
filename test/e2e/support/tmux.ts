import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { run } from './process.ts';
import { world } from './world.ts';

let sessions = 0;

/** Runs a program in a terminal of the given size until the end of the test. */
export async function inTerminal(
  command: readonly string[],
  env: Readonly<Record<string, string>>,
  { columns, rows }: { columns: number; rows: number },
) {
  sessions += 1;
  const socket = join(world.folder, `tmux-${process.pid}-${sessions}`);
  const tmux = async (...args: string[]) => {
    const { code, stdout, stderr } = await run('tmux', ['-S', socket, '-f', '/dev/null', ...args], {
      env: { LC_ALL: 'C.UTF-8', ...env },
    });
    if (code !== 0) throw new Error(`tmux ${args[0]}: ${stderr}`);
    return stdout;
  };
  onTestFinished(async () => {
    await tmux('kill-server').catch(() => {});
  });
  const size = ['-x', String(columns), '-y', String(rows)];
  // A shell around the program shows its exit code, and the terminal settings that it left, except the size. The shell
  // ends with the suite's folder, so that an interrupted suite leaves no terminal.
  const around =
    'stty -g >"$0"; "$@"; code=$?; stty -g | cmp - "$0" && echo "ended $code"; while [ -e "$0" ]; do sleep 1; done';
  await tmux('new-session', '-d', ...size, 'sh', '-c', around, `${socket}-stty`, ...command);
  return {
    type: (text: string) => tmux('send-keys', '-l', text).then(() => tmux('send-keys', 'Enter')),
    press: (key: string) => tmux('send-keys', key),
    resize: (columns: number, rows: number) =>
      tmux('resize-window', '-x', String(columns), '-y', String(rows)),
    screen: () => tmux('capture-pane', '-p', '-J'),
    /** The process ID of netdebug. */
    pid: async () => {
      const shell = (await tmux('list-panes', '-F', '#{pane_pid}')).trim();
      return Number((await run('pgrep', ['-P', shell])).stdout.trim());
    },
  };
}
