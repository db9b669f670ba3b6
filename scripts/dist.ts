// Builds dist/: the program in a few packs, a code cache for each pack, and a launcher that finds Node.
import { chmodSync, copyFileSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { bundleProgram } from './packaging/bundle.ts';
import { makeCodeCaches } from './packaging/codeCache.ts';

const root = join(import.meta.dirname, '..');
const dist = join(root, 'dist');

// Removes only the files of this build: dist/release and dist/bin belong to scripts/build.
mkdirSync(dist, { recursive: true });
for (const file of readdirSync(dist, { withFileTypes: true }))
  if (file.isFile()) rmSync(join(dist, file.name));
await bundleProgram(dist);
for (const file of ['boot.cjs', 'packs.cjs', 'kubectl-netdebug'])
  copyFileSync(join(root, 'scripts', 'launcher', file), join(dist, file));
chmodSync(join(dist, 'kubectl-netdebug'), 0o755);
makeCodeCaches([process.execPath], dist, dist);
