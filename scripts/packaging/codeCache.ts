import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { PACK_NAMES } from './packs.ts';

const SCRIPT = join(import.meta.dirname, '..', 'launcher', 'makeCodeCache.cjs');

/**
 * Network buffers are garbage outside V8's heap. If the young generation does not grow, it is collected often enough to
 * keep 25 MB less of them, at the same speed. The program must run with the same flags as its code cache was created
 * with, or V8 rejects the cache. scripts/launcher/kubectl-netdebug contains them too.
 */
export const V8_FLAGS = ['--semi-space-growth-factor=1'];

/**
 * Runs whole commands of the program in `folder` with the given Node (a command line, possibly with an emulator), and
 * stores what V8 compiled as one cache for each pack in `caches`. Throws if a command fails.
 */
export function makeCodeCaches(node: readonly string[], folder: string, caches: string): void {
  const [program = '', ...args] = node;
  execFileSync(
    program,
    [...args, ...V8_FLAGS, '--random-seed=42', SCRIPT, folder, caches, ...PACK_NAMES],
    { stdio: ['ignore', 'ignore', 'inherit'] },
  );
}
