import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';

/** Bytes that a folder takes on the disk, as `du` counts them; 0 when there is none. */
export async function bytesIn(folder: string): Promise<number> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  const sizes = await Promise.all(
    entries.map(async (entry) => {
      const path = join(folder, entry.name);
      // Files come and go while we look.
      const own = await lstat(path).then(
        ({ blocks }) => blocks * 512,
        () => 0,
      );
      return own + (entry.isDirectory() ? await bytesIn(path) : 0);
    }),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}
