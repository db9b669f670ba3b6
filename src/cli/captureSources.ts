import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { MANIFEST_NAME, type Manifest } from '../capture/manifest.ts';
import { errorCode, messageOf, Problem } from '../problem.ts';
import type { CaptureSource } from '../reading/summary.ts';

const CAPTURE_NAME = /\.p?cap(?:ng)?\d*(?:\.gz)?$/;

/**
 * The captures that arguments name: files, - for standard input, and folders as fetched: one capture
 * each, whose files follow one another. A folder of several pods has a folder for each.
 */
export async function captureSources(names: readonly string[]): Promise<CaptureSource[]> {
  const found = await Promise.all(names.map(sourcesOf));
  return found.flat();
}

async function sourcesOf(name: string): Promise<CaptureSource[]> {
  if (name === '-') return [{ label: 'standard input', paths: [], stream: process.stdin }];
  try {
    if (!(await stat(name)).isDirectory()) return [{ label: basename(name), paths: [name] }];
  } catch (error) {
    throw unreadable(name, error);
  }
  const whole = await folderSource(name);
  if (whole) return [whole];
  const entries = await readdir(name, { withFileTypes: true });
  const inner = await Promise.all(
    entries
      .filter((entry) => entry.isDirectory())
      .map((entry) => folderSource(join(name, entry.name))),
  );
  const sources = inner.filter((source) => source !== undefined);
  if (sources.length > 0) return sources;
  throw new Problem(`there are no captures in the folder ${name}`, {
    next: ['name the files, or a folder that was made by: captures fetch'],
  });
}

/** The capture in a folder: what its manifest names, or else all capture files in the order of their names. */
async function folderSource(folder: string): Promise<CaptureSource | undefined> {
  const label = basename(folder);
  const manifest = await readManifest(join(folder, MANIFEST_NAME));
  if (manifest) {
    const paths = [...manifest.files]
      .sort((a, b) => a.seq - b.seq)
      .flatMap(({ name }) => (name === undefined ? [] : [join(folder, name)]));
    const { dropped } = manifest;
    return { label, paths, ...(dropped !== undefined && { dropped }) };
  }
  const names = (await readdir(folder)).filter((name) => CAPTURE_NAME.test(name)).sort();
  return names.length === 0 ? undefined : { label, paths: names.map((name) => join(folder, name)) };
}

async function readManifest(path: string): Promise<Manifest | undefined> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw unreadable(path, error);
  }
  try {
    return JSON.parse(text) as Manifest;
  } catch (error) {
    throw new Problem(`${path} is damaged: ${messageOf(error)}`, {
      next: ['fetch the capture again, or name its files instead of the folder'],
      cause: error,
    });
  }
}

/** A file that cannot be opened or read. */
export function unreadable(path: string, error: unknown): Problem {
  const why = errorCode(error) === 'ENOENT' ? 'there is no such file' : messageOf(error);
  return new Problem(`cannot read ${path}: ${why}`, { cause: error });
}
