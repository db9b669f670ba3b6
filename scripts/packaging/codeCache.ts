import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { PACK_NAMES } from './packs.ts';

const SCRIPT = join(import.meta.dirname, '..', 'launcher', 'makeCodeCache.cjs');

/**
 * Network buffers are garbage outside V8's heap: a young generation that does not grow is collected
 * often enough to keep 25 MB less of them, at the same speed. The program runs with the same flags
 * as its code cache is made with, or V8 refuses the cache. scripts/launcher/kubectl-netdebug has them too.
 */
export const V8_FLAGS = ['--semi-space-growth-factor=1'];

/**
 * Runs whole commands of the program in `folder` by the given Node (a command line: it may be an emulator's) and
 * keeps what V8 compiled, a cache for each pack in `caches`. Throws when a command fails there.
 */
export function makeCodeCaches(node: readonly string[], folder: string, caches: string): void {
  const [program = '', ...args] = node;
  execFileSync(
    program,
    [...args, ...V8_FLAGS, '--random-seed=42', SCRIPT, folder, caches, ...PACK_NAMES],
    { stdio: ['ignore', 'ignore', 'inherit'] },
  );
}
