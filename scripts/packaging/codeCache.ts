import { execFileSync } from 'node:child_process';
import { join } from 'node:path';

const SCRIPT = join(import.meta.dirname, '..', 'launcher', 'makeCodeCache.cjs');

/**
 * Network buffers are garbage outside V8's heap: a young generation that does not grow is collected
 * often enough to keep 25 MB less of them, at the same speed. The program runs with the same flags
 * as its code cache is made with, or V8 refuses the cache. scripts/launcher/kubectl-netdebug has them too.
 */
export const V8_FLAGS = ['--semi-space-growth-factor=1'];

/**
 * Runs whole commands of the bundle by the given Node (a command line: it may be an emulator's) and
 * keeps what V8 compiled. Throws when a command fails there.
 */
export function makeCodeCache(node: readonly string[], bundle: string, cache: string): void {
  const [program = '', ...args] = node;
  execFileSync(program, [...args, ...V8_FLAGS, '--random-seed=42', SCRIPT, bundle, cache], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
}
