import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { errorCode, messageOf, Problem } from '../../problem.ts';

/** The argument for standard input. */
export const STANDARD_INPUT = '-';

/** The manifest of a fetched capture. Only some of its fields are read here; see capture/manifest.ts. */
const MANIFEST_NAME = 'capture.json';

const CAPTURE_FILE = /\.(pcap|pcapng|cap|dmp|dump)(\.gz|\d+)?$/i;

/** The capture files that the arguments name. */
export interface CaptureFiles {
  /** File paths, or `-`. */
  readonly paths: readonly string[];
  /** What is missing according to the manifests, one sentence each. */
  readonly notes: readonly string[];
}

/**
 * Expands arguments to capture files. A file stands for itself. A folder with a manifest stands for the files in the
 * manifest; any other folder for all capture files in it, and in its folders with a manifest (one for each pod). Throws
 * a Problem.
 */
export async function captureFilesOf(words: readonly string[]): Promise<CaptureFiles> {
  const paths: string[] = [];
  const notes: string[] = [];
  for (const word of words) {
    if (word === STANDARD_INPUT) paths.push(word);
    else if (await isFolder(word)) await addFolder(word, paths, notes);
    else paths.push(word);
  }
  return { paths, notes };
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch (error) {
    throw unreadable(path, error);
  }
}

/** The problem that a capture file cannot be read. */
export function unreadable(path: string, error: unknown): Problem {
  const reason =
    errorCode(error) === 'ENOENT' ? 'no such file' : messageOf(error).replace(/^\w+: /, '');
  return new Problem(`cannot read ${path}: ${reason}`, { kind: 'not-read', cause: error });
}

async function addFolder(folder: string, paths: string[], notes: string[]): Promise<void> {
  const entries = await readdir(folder, { withFileTypes: true });
  const names = entries.filter((entry) => !entry.isDirectory()).map(({ name }) => name);
  const before = paths.length;
  if (names.includes(MANIFEST_NAME)) {
    const manifest = await manifestFiles(folder, notes);
    paths.push(...manifest.map((name) => join(folder, name)));
  } else {
    for (const name of names.filter((name) => CAPTURE_FILE.test(name)).sort())
      paths.push(join(folder, name));
    for (const entry of entries)
      if (entry.isDirectory() && (await hasManifest(join(folder, entry.name))))
        await addFolder(join(folder, entry.name), paths, notes);
  }
  if (paths.length === before)
    throw new Problem(`${folder} contains no capture files`, {
      kind: 'not-found',
      next: ['names of capture files end in .pcap or .pcapng, optionally with .gz'],
    });
}

async function hasManifest(folder: string): Promise<boolean> {
  return stat(join(folder, MANIFEST_NAME)).then(
    (stats) => stats.isFile(),
    () => false,
  );
}

interface ListedFile {
  readonly seq: number;
  readonly name?: string;
  readonly state: string;
}
interface ListedGap {
  readonly first: number;
  readonly last: number;
  readonly why: string;
}

interface ListedFilter {
  readonly displayFilter?: string;
  readonly captureFilter?: string;
}

async function manifestFiles(folder: string, notes: string[]): Promise<string[]> {
  const path = join(folder, MANIFEST_NAME);
  let manifest: {
    files?: readonly ListedFile[];
    gaps?: readonly ListedGap[];
    dropped?: number;
    filtered?: ListedFilter;
  };
  try {
    manifest = JSON.parse(await readFile(path, 'utf8')) as typeof manifest;
  } catch (error) {
    throw unreadable(path, error);
  }
  const { files = [], gaps = [], dropped = 0, filtered } = manifest;
  if (filtered)
    notes.push(
      `${folder}: only packets that match ${filtered.displayFilter ?? filtered.captureFilter} were fetched`,
    );
  for (const { first, last, why } of gaps)
    notes.push(
      `${folder}: ${first === last ? `file ${first} is` : `files ${first} to ${last} are`} missing: ${why}`,
    );
  if (dropped > 0) notes.push(`${folder}: ${dropped} packets were dropped while recording`);
  const ordered = [...files].sort((a, b) => a.seq - b.seq);
  // Names in a manifest must be files in the same folder.
  return ordered.flatMap(({ name, state }) =>
    name !== undefined && !/[/\\]/.test(name) && state !== 'copying' ? [name] : [],
  );
}
