import { execFileSync } from 'node:child_process';
import { accessSync, constants, readdirSync, realpathSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';

/** The versions that scripts/kubectl can fetch, newest last: minor versions of Kubernetes 1. */
const ON_NPM = [32, 33, 34, 35] as const;

/**
 * The kubectl versions to test with: the one in KUBECTL, else the oldest installed one and the newest on npm. With
 * KUBECTLS=all, every installed one and every one on npm.
 */
export function kubectls(env: NodeJS.ProcessEnv = process.env): string[] {
  if (env.KUBECTL) return [env.KUBECTL];
  const found = installed(env);
  if (env.KUBECTLS === 'all') return [...found, ...ON_NPM.map((minor) => fromNpm(minor))];
  return [...versioned(found).slice(0, 1), fromNpm()];
}

/** The newest installed kubectl, for tests that do not depend on the version. */
export function newestKubectl(env: NodeJS.ProcessEnv = process.env): string {
  if (env.KUBECTL) return env.KUBECTL;
  const found = installed(env);
  return versioned(found).at(-1) ?? found[0] ?? fromNpm();
}

/** A short name for titles: `kubectl-1.27`. */
export function nameOfKubectl(path: string): string {
  const version = /kubectl[-.](1\.\d+)(\/kubectl)?$/.exec(path)?.[1];
  return version === undefined ? 'kubectl' : `kubectl-${version}`;
}

/** Every `kubectl` and `kubectl.1.*` beside the one on PATH. */
function installed(env: NodeJS.ProcessEnv): string[] {
  const onPath = (env.PATH ?? '')
    .split(delimiter)
    .map((folder) => join(folder, 'kubectl'))
    .find(isExecutable);
  if (onPath === undefined) return [];
  const folder = dirname(realpathSync(onPath));
  return readdirSync(folder)
    .filter((name) => /^kubectl(\.1\.\d+)?$/.test(name))
    .map((name) => join(folder, name));
}

/** Those with a known version, oldest first. A plain `kubectl` may be a vendor's dispatcher. */
function versioned(paths: readonly string[]): string[] {
  const minor = (path: string) => Number(path.split('.').at(-1));
  return paths.filter((path) => /\.1\.\d+$/.test(path)).sort((a, b) => minor(a) - minor(b));
}

function fromNpm(minor = 35): string {
  const script = join(import.meta.dirname, '..', '..', '..', 'scripts', 'kubectl');
  return execFileSync(script, [String(minor)], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  }).trim();
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
