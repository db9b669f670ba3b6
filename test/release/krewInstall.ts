import { createHash } from 'node:crypto';
import {
  cpSync,
  existsSync,
  globSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { basename, dirname, join, normalize, relative } from 'node:path';
import type { KrewPlatform } from '../unit/packaging/krewRules.ts';
import { output } from './programs.ts';

/**
 * Installs an archive as `kubectl krew install --manifest --archive` does: verifies the checksum, unpacks into a
 * staging folder, moves the entries of `files` to the store, and links `bin` into bin/. Returns the link.
 */
export function installAsKrew(
  krewRoot: string,
  plugin: { readonly name: string; readonly version: string },
  platform: KrewPlatform,
  archive: string,
): string {
  const sum = createHash('sha256').update(readFileSync(archive)).digest('hex');
  if (sum !== platform.sha256) throw new Error(`checksum does not match: ${sum}`);
  const windows = platform.bin?.endsWith('.exe') === true;
  const store = join(krewRoot, 'store', plugin.name, plugin.version);
  const bin = join(krewRoot, 'bin');
  mkdirSync(store, { recursive: true });
  mkdirSync(bin, { recursive: true });
  const staging = mkdtempSync(join(krewRoot, 'downloads-'));
  try {
    unpack(archive, staging);
    for (const { from = '', to = '' } of platform.files ?? [{ from: '*', to: '.' }])
      move(staging, store, from, to);
  } finally {
    rmSync(staging, { recursive: true });
  }
  const program = join(store, platform.bin ?? '');
  if (!existsSync(program)) throw new Error(`source binary ${program} cannot be found`);
  const name = `kubectl-${plugin.name.replaceAll('-', '_')}${windows ? '.exe' : ''}`;
  const link = join(bin, name);
  symlinkSync(relative(bin, program), link);
  return link;
}

/** krew accepts only regular files and folders, and no name outside the folder. */
function unpack(archive: string, folder: string): void {
  const bytes = readFileSync(archive).subarray(0, 4);
  if (bytes.readUInt32LE() === 0x04034b50)
    output('busybox', ['unzip', '-q', archive, '-d', folder]);
  else if (bytes.readUInt16BE() === 0x1f8b) output('tar', ['-xzf', archive, '-C', folder]);
  else throw new Error(`${basename(archive)} is neither .zip nor .tar.gz`);
  for (const name of globSync('**', { cwd: folder })) {
    const entry = lstatSync(join(folder, name));
    if (!entry.isFile() && !entry.isDirectory()) throw new Error(`${name} is no regular file`);
  }
}

/** A named file is moved to `to`, or keeps its name if that is ".". A pattern is moved into the folder `to`. */
function move(staging: string, store: string, from: string, to: string): void {
  if (to !== '.' && to !== normalize(to)) throw new Error(`the path ${to} is not clean`);
  const direct = join(staging, from);
  const moves = existsSync(direct)
    ? [{ source: direct, target: join(store, to === '.' ? basename(from) : to) }]
    : globSync(from, { cwd: staging }).map((name) => ({
        source: join(staging, name),
        target: join(store, to, basename(name)),
      }));
  if (moves.length === 0) throw new Error(`no files in the archive match ${from}`);
  for (const { source, target } of moves) {
    if (relative(store, target).startsWith('..')) throw new Error(`${target} is out of bounds`);
    mkdirSync(dirname(target), { recursive: true });
    cpSync(source, target, { recursive: true });
  }
}
