import { join } from 'node:path';
import { build } from 'esbuild';
import { V8_FLAGS } from '../../scripts/packaging/codeCache.ts';
import { filesAsText } from '../../scripts/packaging/filesAsText.ts';

/**
 * Bundles a client of the benchmarks in the same way as the program. Otherwise the memory and the time of Node's
 * TypeScript loader would be included. Returns the command that runs it.
 */
export async function bundled(name: string, folder: string): Promise<[string, ...string[]]> {
  const outfile = join(folder, `${name}.cjs`);
  await build({
    entryPoints: [join(import.meta.dirname, `${name}.ts`)],
    outfile,
    bundle: true,
    platform: 'node',
    target: 'node24',
    format: 'cjs',
    plugins: [filesAsText],
    external: ['bufferutil', 'utf-8-validate', '@kubernetes/client-node'],
  });
  return [process.execPath, ...V8_FLAGS, outfile];
}
