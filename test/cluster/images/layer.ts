import { buffer } from 'node:stream/consumers';
import { pack } from 'tar-stream';

/** An entry in an image's file system, with its path without a leading slash. It is owned by root. */
export type Entry =
  | { readonly path: string; readonly folder: true; readonly mode?: number }
  | { readonly path: string; readonly data: Buffer | string; readonly mode?: number }
  | { readonly path: string; readonly link: string };

/** Packs an image layer, and adds missing parent folders of the entries. */
export async function packLayer(entries: readonly Entry[]): Promise<Buffer> {
  const tar = pack();
  const packed = buffer(tar);
  const common = { uid: 0, gid: 0, mtime: new Date(0) };
  for (const entry of withParents(entries)) {
    const name = entry.path;
    if ('folder' in entry) {
      tar.entry({ ...common, name, type: 'directory', mode: entry.mode ?? 0o755 });
    } else if ('link' in entry) {
      tar.entry({ ...common, name, type: 'symlink', linkname: entry.link });
    } else {
      tar.entry({ ...common, name, mode: entry.mode ?? 0o644 }, entry.data);
    }
  }
  tar.finalize();
  return packed;
}

function withParents(entries: readonly Entry[]): Entry[] {
  const seen = new Set(entries.map((entry) => entry.path));
  const all: Entry[] = [];
  for (const entry of entries) {
    const parts = entry.path.split('/').slice(0, -1);
    for (const [depth] of parts.entries()) {
      const path = parts.slice(0, depth + 1).join('/');
      if (seen.has(path)) continue;
      seen.add(path);
      all.push({ path, folder: true });
    }
    all.push(entry);
  }
  return all;
}
