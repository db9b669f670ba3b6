import { execFile, execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SCRIPTS } from '../../../../src/cli/completion/scripts.ts';

/** Answers like the program, if it is called with exactly the expected words. */
const PROGRAM = `#!/bin/sh
case "$(printf '<%s>' "$@")" in
  '<__complete><capture><comple>') printf 'complete-1\\tRunning\\n:4\\n' ;;
  '<__complete><capture><dep>') printf 'deploy/\\n:6\\n' ;;
  '<__complete><ports><--namespace=sh>') printf 'shop\\tActive\\n:4\\n' ;;
  '<__complete><ports><--context><arn:aws:e>') printf 'arn:aws:eks\\n:4\\n' ;;
  '<__complete><capture><x><-i><>') printf 'any\\tevery interface\\neth0\\tthe network of the pod\\n:4\\n' ;;
  '<__complete><capture><x><-w></etc/hostn>') printf ':0\\n' ;;
  *) printf '<%s>' "$@" >&2; printf ':4\\n' ;;
esac
`;

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'netdebug-shells-'));
  writeFileSync(join(folder, 'kubectl-netdebug'), PROGRAM, { mode: 0o755 });
});
afterAll(() => rmSync(folder, { recursive: true }));

function environment(): NodeJS.ProcessEnv {
  return { ...process.env, PATH: `${folder}${delimiter}${process.env.PATH}`, ZDOTDIR: folder };
}

const runFile = promisify(execFile);

function installed(...programs: string[]): boolean {
  try {
    for (const program of programs) execFileSync('sh', ['-c', `command -v ${program}`]);
    return true;
  } catch {
    console.log(`skipped: ${programs.join(', ')} are not all installed`);
    return false;
  }
}

/** Types into a shell in a separate terminal, and Tab, until its screen shows the expected line. */
async function screen(shell: readonly string[], keys: string, expected: RegExp): Promise<string> {
  const socket = join(mkdtempSync(join(folder, 'tmux-')), 's');
  const tmux = async (...args: string[]) =>
    (await runFile('tmux', ['-S', socket, '-f', '/dev/null', ...args], { env: environment() }))
      .stdout;
  const shows = async (pattern: RegExp) => {
    for (const end = Date.now() + 60_000; Date.now() < end; await wait(100))
      if (pattern.test(await tmux('capture-pane', '-p'))) return;
  };
  await tmux('new-session', '-d', '-x', '120', '-y', '20', ...shell);
  try {
    await shows(/ready>/);
    await tmux('send-keys', '-l', keys);
    await tmux('send-keys', 'Tab');
    await shows(expected);
    return await tmux('capture-pane', '-p');
  } finally {
    await tmux('kill-server');
  }
}

/** The typed text, and the expected line on the screen; a dot is typed after it to show the cursor position. */
const LINES: readonly (readonly [typed: string, screen: RegExp])[] = [
  ['kubectl-netdebug capture comple', /capture complete-1( |$)/m],
  ['kubectl-netdebug capture dep', /capture deploy\/$/m],
  ['kubectl-netdebug ports --namespace=sh', /--namespace=shop( |$)/m],
  ['kubectl-netdebug ports --context arn:aws:e', /--context arn:aws:eks( |$)/m],
  ['kubectl-netdebug capture x -w /etc/hostn', /-w \/etc\/hostname( |$)/m],
];

describe.runIf(installed('bash', 'tmux'))('completion in bash', () => {
  it.each(LINES)(
    'of %s',
    async (typed, expected) => {
      const rc = join(folder, 'bashrc');
      writeFileSync(rc, `PS1='ready>'\n${SCRIPTS.bash}`);
      const bash = ['bash', '--noprofile', '--rcfile', rc, '-i'];
      expect(await screen(bash, typed, expected)).toMatch(expected);
    },
    60_000,
  );
});

describe.runIf(installed('zsh', 'tmux'))('completion in zsh', () => {
  it.each([...LINES, ['kubectl-netdebug capture x -i ', /any +-- every interface/] as const])(
    'of %s',
    async (typed, expected) => {
      writeFileSync(join(folder, '_kubectl-netdebug'), SCRIPTS.zsh);
      const lines = `PS1='ready>'; fpath=(${folder} $fpath); autoload -Uz compinit; compinit -u -D\n`;
      writeFileSync(join(folder, '.zshrc'), lines);
      expect(await screen(['zsh', '-i'], typed, expected)).toMatch(expected);
    },
    60_000,
  );
});

describe.runIf(installed('fish'))('completion in fish', () => {
  it.each([
    ['kubectl-netdebug capture comple', 'complete-1\tRunning\n'],
    ['kubectl-netdebug ports --namespace=sh', '--namespace=shop\tActive\n'],
    ['kubectl-netdebug ports --context arn:aws:e', 'arn:aws:eks\n'],
    ['kubectl-netdebug capture x -i ', 'any\tevery interface\neth0\tthe network of the pod\n'],
    ['kubectl-netdebug capture x -w /etc/hostn', '/etc/hostname\n'],
  ])(
    'of %s',
    async (typed, expected) => {
      const script = join(folder, 'completion.fish');
      writeFileSync(script, SCRIPTS.fish);
      const line = `source ${script}; complete -C '${typed}'`;
      const { stdout } = await runFile('fish', ['--no-config', '-c', line], { env: environment() });
      expect(stdout).toBe(expected);
    },
    60_000,
  );
});
