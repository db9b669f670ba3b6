import { extract, type Header } from 'tar-stream';
import { messageOf, Problem } from '../problem.ts';

/** Takes what an archive holds, one file after another; nothing of a name that the archive chose. */
export interface TarReceiver {
  /** The next bytes of the file that was asked for as `name`; resolves when there is room for more. */
  data(name: string, chunk: Buffer): Promise<void>;
  /** All bytes of the file have come. */
  end(name: string): Promise<void>;
}

/** The archive is not what was requested: its sender cannot be trusted. */
export class RefusedArchive extends Problem {
  constructor(why: string) {
    super(`the archive that the pod sent was refused: ${why}`, {
      next: ['only files that were complete before it were kept; check what runs in that pod'],
    });
  }
}

/** The archive ended before the last file that was asked for. */
export class CutArchive extends Error {}

/**
 * More than stands between two files: the padding of one, the header of the next, and at the end
 * the blocks to GNU tar's record of 10 KiB.
 */
const MAX_BETWEEN_BYTES = 64 * 1024;

/** tar-stream is made of streamx's streams, which know a little more than its types say. */
type Archive = ReturnType<typeof extract> & { readonly destroying: boolean };

/**
 * Reads a tar stream of files that were asked for, and nothing else: `wanted` gives the exact size
 * of each by its exact name in the archive. Names are looked up and never used, so no path in an
 * archive can lead anywhere. Throws RefusedArchive for whatever was not asked for (other names, a
 * name twice, links, devices, folders, other sizes, data after the end), CutArchive when it ends
 * early, and what `receiver` or `source` throw. Memory is constant.
 */
export async function readTarFiles(
  source: AsyncIterable<Buffer>,
  wanted: ReadonlyMap<string, number>,
  receiver: TarReceiver,
): Promise<void> {
  const archive = extract() as Archive;
  const missing = new Set(wanted.keys());
  let room = MAX_BETWEEN_BYTES * (wanted.size + 1);
  for (const size of wanted.values()) room += size;
  const feeding = feed(source, archive, (chunk) => {
    room -= chunk.length;
    if (room < 0) throw new RefusedArchive('it is longer than the files it should hold');
  });
  // Its failure reaches us through the archive, which it destroys.
  feeding.catch(() => {});
  try {
    for await (const entry of archive) {
      const name = check(entry.header, wanted, missing);
      missing.delete(name);
      for await (const chunk of entry as AsyncIterable<Buffer>) {
        await receiver.data(name, chunk);
      }
      await receiver.end(name);
    }
  } catch (error) {
    archive.destroy();
    throw worded(error);
  }
  await feeding;
  if (missing.size > 0) throw new CutArchive(`${missing.size} files are missing from the archive`);
}

async function feed(
  source: AsyncIterable<Buffer>,
  archive: Archive,
  count: (chunk: Buffer) => void,
): Promise<void> {
  try {
    for await (const chunk of source) {
      count(chunk);
      if (archive.destroying) return;
      if (!archive.write(chunk)) await drained(archive);
    }
    archive.end(undefined);
  } catch (error) {
    archive.destroy(error instanceof Error ? error : new Error(messageOf(error)));
    throw error;
  }
}

async function drained(archive: Archive): Promise<void> {
  await new Promise<void>((resolve) => {
    const done = () => {
      archive.off('drain', done);
      archive.off('close', done);
      resolve();
    };
    archive.on('drain', done);
    archive.on('close', done);
  });
}

function check(
  header: Header,
  wanted: ReadonlyMap<string, number>,
  missing: ReadonlySet<string>,
): string {
  const { name, size, type, linkname } = header;
  const shown = JSON.stringify(name);
  const expected = wanted.get(name);
  if (expected === undefined) throw new RefusedArchive(`it holds ${shown}, which nobody asked for`);
  if (type !== 'file' || linkname)
    throw new RefusedArchive(`${shown} in it is not a regular file (${type ?? 'unknown kind'})`);
  if (!missing.has(name)) throw new RefusedArchive(`it holds ${shown} twice`);
  if (size !== expected)
    throw new RefusedArchive(`${shown} in it has ${size} bytes, where ${expected} were listed`);
  return name;
}

/** tar-stream's own words for an archive that ends early, and for one that is none. */
function worded(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  if (/^Unexpected end of data|^Writable stream closed prematurely/.test(error.message))
    return new CutArchive('the archive ended within a file');
  return /^Invalid (tar )?header|^Header exceeds/.test(error.message)
    ? new RefusedArchive(error.message)
    : error;
}
