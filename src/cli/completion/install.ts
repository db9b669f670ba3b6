import {
  accessSync,
  chmodSync,
  constants,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { posix, win32 } from 'node:path';
import { messageOf, Problem } from '../../problem.ts';
import { completionFile, type LocalSystem } from './places.ts';
import { SCRIPTS, SHELLS, SHIM, type Shell, WINDOWS_SHIM } from './scripts.ts';

/** The name that kubectl searches for on PATH. */
const SHIM_NAME = 'kubectl_complete-netdebug';

/** Returns what was written, and the remaining steps, one per line. */
export function installCompletion(shell: Shell, host: LocalSystem): string[] {
  const { path, remainingStep: rest } = completionFile(shell, host);
  writeScript(path, SCRIPTS[shell], 0o644, host);
  const lines = [
    `${shell} completes kubectl-netdebug: ${path}`,
    ...(rest === undefined ? [] : [`  ${rest}`]),
  ];
  const shim = shimPath(host);
  if (shim === undefined)
    return [
      ...lines,
      `kubectl cannot complete kubectl netdebug: it needs ${SHIM_NAME} on PATH, but no folder of PATH is writable`,
      `  create ${defaultFolders(host)[0]}, add it to PATH, and run this command again`,
    ];
  writeScript(shim, host.platform === 'win32' ? WINDOWS_SHIM : SHIM, 0o755, host);
  return [
    ...lines,
    `kubectl (1.26 and later) completes kubectl netdebug: ${shim}`,
    `  if completion of kubectl itself is installed; to install it, see: kubectl completion ${shell} --help`,
  ];
}

/** Removes what `installCompletion` wrote for any shell, and returns the paths. Files from other sources are kept. */
export function uninstallCompletion(host: LocalSystem): string[] {
  const { join } = host.platform === 'win32' ? win32 : posix;
  const scripts = SHELLS.map((shell) => completionFile(shell, host).path);
  const shims = foldersOnPath(host).map((folder) => join(folder, shimName(host)));
  return [...new Set([...scripts, ...shims])].filter((path) => removeIfOwn(path, '__complete'));
}

/** Removes a file that calls this program with this word. Returns whether there was one. Throws a Problem. */
export function removeIfOwn(path: string, word: string): boolean {
  if (!existsSync(path)) return false;
  try {
    if (!readFileSync(path, 'utf8').includes(`kubectl-netdebug ${word}`)) return false;
    rmSync(path);
    return true;
  } catch (error) {
    throw new Problem(`cannot remove ${path}: ${messageOf(error)}`, {
      kind: 'not-written',
      cause: error,
    });
  }
}

function shimName({ platform }: LocalSystem): string {
  return platform === 'win32' ? `${SHIM_NAME}.cmd` : SHIM_NAME;
}

function foldersOnPath({ platform, env }: LocalSystem): string[] {
  const { delimiter } = platform === 'win32' ? win32 : posix;
  return (env.PATH ?? env.Path ?? '').split(delimiter).filter((folder) => folder !== '');
}

function defaultFolders({ platform, home }: LocalSystem): string[] {
  const { join } = platform === 'win32' ? win32 : posix;
  return [join(home, '.local', 'bin'), join(home, 'bin')];
}

/**
 * A path in a writable folder on PATH: the folder of the program (krew's), else ~/.local/bin or ~/bin. Undefined if
 * there is none.
 */
function shimPath(host: LocalSystem): string | undefined {
  const windows = host.platform === 'win32';
  const { join } = windows ? win32 : posix;
  const folders = foldersOnPath(host);
  const programs = windows
    ? ['kubectl-netdebug.exe', 'kubectl-netdebug.cmd']
    : ['kubectl-netdebug'];
  const own = folders.filter((folder) =>
    programs.some((program) => existsSync(join(folder, program))),
  );
  const usual = defaultFolders(host).filter((folder) => folders.includes(folder));
  const found = [...own, ...usual].find(isWritable);
  return found && join(found, shimName(host));
}

function isWritable(folder: string): boolean {
  try {
    accessSync(folder, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

function writeScript(path: string, text: string, mode: number, { platform }: LocalSystem): void {
  const { dirname } = platform === 'win32' ? win32 : posix;
  try {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
    chmodSync(path, mode);
  } catch (error) {
    throw new Problem(`cannot write ${path}: ${messageOf(error)}`, {
      kind: 'not-written',
      cause: error,
    });
  }
}
