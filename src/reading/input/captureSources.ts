import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { errorCode, Problem } from '../../problem.ts';
import type { CaptureSource } from '../summary.ts';
import { captureFilesOf, STANDARD_INPUT, unreadable } from './captureFiles.ts';

const MANIFEST_NAME = 'capture.json';

/** The fields of a manifest that are read here (docs/captures.md). */
interface Manifest {
  readonly dropped: number;
  readonly files: readonly { readonly seq: number; readonly name?: string }[];
  readonly gaps: readonly { readonly first: number }[];
  readonly interruptions: readonly { readonly until?: string }[];
}

/**
 * The captures that arguments name: files, - for standard input, and folders. The files of a folder are one capture, in
 * sequence. A folder for several pods contains a folder with a capture for each of them. Throws a Problem.
 */
export async function captureSources(names: readonly string[]): Promise<CaptureSource[]> {
  const sources = await Promise.all(names.map(sourcesOf));
  return sources.flat();
}

async function sourcesOf(name: string): Promise<CaptureSource[]> {
  if (name === STANDARD_INPUT)
    return [{ label: 'standard input', paths: [], stream: process.stdin }];
  try {
    if (!(await stat(name)).isDirectory()) return [{ label: basename(name), paths: [name] }];
  } catch (error) {
    throw unreadable(name, error);
  }
  const entries = await readdir(name, { withFileTypes: true });
  const hasManifest = entries.some((entry) => entry.name === MANIFEST_NAME);
  const folders = hasManifest ? [] : entries.filter((entry) => entry.isDirectory());
  const inner = await Promise.all(folders.map((entry) => podSource(join(name, entry.name))));
  const pods = inner.filter((source) => source !== undefined);
  return pods.length > 0 ? pods : [await folderSource(name)];
}

/** The capture of one pod in a folder for several pods. */
async function podSource(folder: string): Promise<CaptureSource | undefined> {
  try {
    await stat(join(folder, MANIFEST_NAME));
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw unreadable(folder, error);
  }
  return folderSource(folder);
}

async function folderSource(folder: string): Promise<CaptureSource> {
  const { paths } = await captureFilesOf([folder]);
  return { label: basename(folder), paths, ...(await readLosses(join(folder, MANIFEST_NAME))) };
}

/** The packets that the recorder lost and the gaps in the recording, from the manifest. */
async function readLosses(path: string): Promise<Pick<CaptureSource, 'dropped' | 'gaps'>> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return {};
    throw unreadable(path, error);
  }
  try {
    const manifest = JSON.parse(text) as Partial<Manifest>;
    return {
      ...(typeof manifest.dropped === 'number' && { dropped: manifest.dropped }),
      gaps: gapsOf(manifest),
    };
  } catch (error) {
    throw new Problem(`${path} is damaged`, {
      kind: 'damaged',
      next: ['fetch the capture again, or give its files instead of the folder'],
      cause: error,
    });
  }
}

/** Gaps between files, without files that the ring removed before the first one. Interruptions count as gaps too. */
function gapsOf({ files = [], gaps = [], interruptions = [] }: Partial<Manifest>): number {
  const copied = files.filter(({ name }) => name !== undefined).map(({ seq }) => seq);
  const between = gaps.filter(({ first }) => copied.some((seq) => seq < first));
  return between.length + interruptions.filter(({ until }) => until !== undefined).length;
}
