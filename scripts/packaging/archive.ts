import { buffer } from 'node:stream/consumers';
import { createGzip } from 'node:zlib';
import { pack } from 'tar-stream';
import { zipped } from './zip.ts';

/** A file in an archive. */
export interface Entry {
  readonly name: string;
  readonly content: Buffer;
  readonly executable: boolean;
}

/**
 * Packs files in the order of their names, all with the same time, so that the same files always give the same bytes.
 */
export async function packed(
  format: 'tar.gz' | 'zip',
  entries: readonly Entry[],
  time: Date,
): Promise<Buffer> {
  const sorted = entries.toSorted((a, b) => (a.name < b.name ? -1 : 1));
  if (format === 'zip') return zipped(sorted, time);
  const tar = pack();
  for (const { name, content, executable } of sorted)
    tar.entry({ name, mode: executable ? 0o755 : 0o644, mtime: time }, content);
  tar.finalize();
  return buffer(tar.pipe(createGzip({ level: 9, memLevel: 9 })));
}
