import { accessSync, chmodSync, constants, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { posix, win32 } from 'node:path';
import { messageOf, Problem } from '../../problem.ts';
import { type Host, placeFor } from './places.ts';
import { SCRIPTS, SHIM, type Shell, WINDOWS_SHIM } from './scripts.ts';

/** The name that kubectl looks for on PATH. */
const SHIM_NAME = 'kubectl_complete-netdebug';

/** What was written, and what is left to do, a line each. */
export function installCompletion(shell: Shell, host: Host): string[] {
  const { path, rest } = placeFor(shell, host);
  const shim = shimPath(host);
  put(path, SCRIPTS[shell], 0o644, host);
  put(shim, host.platform === 'win32' ? WINDOWS_SHIM : SHIM, 0o755, host);
  return [
    `${shell} completes kubectl-netdebug: ${path}`,
    ...(rest === undefined ? [] : [`  ${rest}`]),
    `kubectl (1.26 and later) completes kubectl netdebug: ${shim}`,
    `  where kubectl itself is completed; if it is not: kubectl completion ${shell} --help`,
  ];
}

/**
 * A folder on PATH that the user may write to: the program's own (krew's), else ~/.local/bin or ~/bin.
 * Throws a Problem when there is none.
 */
function shimPath({ platform, env, home }: Host): string {
  const windows = platform === 'win32';
  const { join, delimiter } = windows ? win32 : posix;
  const folders = (env.PATH ?? env.Path ?? '').split(delimiter).filter((folder) => folder !== '');
  const programs = windows
    ? ['kubectl-netdebug.exe', 'kubectl-netdebug.cmd']
    : ['kubectl-netdebug'];
  const own = folders.filter((folder) =>
    programs.some((program) => existsSync(join(folder, program))),
  );
  const usual = [join(home, '.local', 'bin'), join(home, 'bin')];
  const found = [...own, ...usual.filter((folder) => folders.includes(folder))].find(writable);
  if (found !== undefined) return join(found, windows ? `${SHIM_NAME}.cmd` : SHIM_NAME);
  throw new Problem(`no folder on PATH can be written to: kubectl looks there for ${SHIM_NAME}`, {
    next: [`make ${usual[0]}, add it to PATH, and try again`],
  });
}

function writable(folder: string): boolean {
  try {
    accessSync(folder, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

function put(path: string, text: string, mode: number, { platform }: Host): void {
  const { dirname } = platform === 'win32' ? win32 : posix;
  try {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
    chmodSync(path, mode);
  } catch (error) {
    throw new Problem(`cannot write ${path}: ${messageOf(error)}`, { cause: error });
  }
}
