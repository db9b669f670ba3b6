import { execFileSync } from 'node:child_process';
import { join } from 'node:path';

const SCRIPT = join(import.meta.dirname, '..', 'launcher', 'makeCodeCache.cjs');

/**
 * Runs whole commands of the bundle by the given Node (a command line: it may be an emulator's) and
 * keeps what V8 compiled. Throws when a command fails there.
 */
export function makeCodeCache(node: readonly string[], bundle: string, cache: string): void {
  const [program = '', ...args] = node;
  execFileSync(program, [...args, '--random-seed=42', SCRIPT, bundle, cache], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
}
