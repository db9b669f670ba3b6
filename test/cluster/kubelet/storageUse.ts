import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';

/** The disk usage of a folder in bytes, as counted by `du`. 0 if it does not exist. */
export async function bytesIn(folder: string): Promise<number> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  const sizes = await Promise.all(
    entries.map(async (entry) => {
      const path = join(folder, entry.name);
      // Files may be created and deleted in the meantime.
      const own = await lstat(path).then(
        ({ blocks }) => blocks * 512,
        () => 0,
      );
      return own + (entry.isDirectory() ? await bytesIn(path) : 0);
    }),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}
