import { execFile } from 'node:child_process';
import { access, constants, readFile, realpath } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import { promisify } from 'node:util';
import type { Entry } from './layer.ts';

const run = promisify(execFile);

/** Path of a program of this machine. Undefined if it does not have it. */
export async function findHostProgram(name: string): Promise<string | undefined> {
  for (const folder of (process.env.PATH ?? '').split(':').filter(isAbsolute)) {
    const path = join(folder, name);
    const found = await access(path, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (found) return path;
  }
  return undefined;
}

/** Contents of a program of this machine. Throws if it does not have it. */
export async function readHostProgram(name: string): Promise<Buffer> {
  const path = await findHostProgram(name);
  if (!path) throw new Error(`${name} is not installed on this machine`);
  return readFile(path);
}

/** The shared libraries and the loader that these programs need, as entries with their paths. */
export async function sharedLibraries(programs: readonly string[]): Promise<Entry[]> {
  const paths = await Promise.all(programs.map(findHostProgram));
  const { stdout } = await run(
    'ldd',
    paths.filter((path) => path !== undefined),
  );
  const libraries = new Set<string>();
  for (const [, path] of stdout.matchAll(/(\/\S+) \(0x/g)) if (path) libraries.add(path);
  return Promise.all(
    [...libraries].map(async (path) => ({
      path: path.slice(1),
      data: await readFile(await realpath(path)),
      mode: 0o755,
    })),
  );
}
