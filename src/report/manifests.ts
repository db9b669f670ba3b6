import { readFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { CaptureSource } from '../reading/summary.ts';

/** The name of the file that describes a fetched capture; it is beside the capture's files. See capture/manifest.ts. */
const MANIFEST_NAME = 'capture.json';
const MAX_MANIFESTS = 100;

/** What a report shows of a manifest: facts in words, and files. Any field may be missing or malformed. */
export interface ManifestFacts {
  readonly folder: string;
  readonly facts: readonly (readonly [name: string, value: string])[];
  /** One sentence for each loss or interruption. */
  readonly losses: readonly string[];
  readonly files: readonly ManifestFileFacts[];
}

export interface ManifestFileFacts {
  readonly name: string;
  readonly state: string;
  readonly size: number;
  readonly packets: number;
  readonly first: string;
  readonly last: string;
  readonly sha256: string;
}

/** The manifests beside the capture files, without missing and damaged ones. */
export async function manifestsOf(sources: readonly CaptureSource[]): Promise<ManifestFacts[]> {
  const names = new Map<string, Set<string>>();
  for (const path of sources.flatMap(({ paths }) => paths)) {
    const folder = dirname(path);
    names.set(folder, (names.get(folder) ?? new Set()).add(basename(path)));
  }
  const manifests = await Promise.all(
    [...names].slice(0, MAX_MANIFESTS).map(([folder, files]) => manifestOf(folder, files)),
  );
  return manifests.filter((manifest) => manifest !== undefined);
}

async function manifestOf(
  folder: string,
  read: ReadonlySet<string>,
): Promise<ManifestFacts | undefined> {
  let manifest: unknown;
  try {
    manifest = JSON.parse(await readFile(join(folder, MANIFEST_NAME), 'utf8'));
  } catch {
    return undefined;
  }
  const files = records(field(manifest, 'files')).map(manifestFile);
  if (!files.some(({ name }) => read.has(name))) return undefined;
  return { folder, facts: factsOf(manifest), losses: lossesOf(manifest), files };
}

const NAMES: readonly (readonly [key: string, name: string])[] = [
  ['capture', 'Capture'],
  ['target', 'Target'],
  ['namespace', 'Namespace'],
  ['pod', 'Pod'],
  ['podUid', 'Pod UID'],
  ['node', 'Node'],
  ['container', 'Container'],
  ['image', 'Image'],
  ['volume', 'Volume'],
  ['device', 'Interface'],
  ['engine', 'Recorder'],
  ['argv', 'Command'],
  ['started', 'Started'],
  ['ended', 'Ended'],
  ['why', 'Why it ended'],
  ['exit', 'Exit code'],
  ['captured', 'Packets captured'],
  ['received', 'Packets received'],
  ['dropped', 'Packets dropped'],
];

function factsOf(manifest: unknown): [string, string][] {
  return NAMES.flatMap(([key, name]): [string, string][] => {
    const value = field(manifest, key);
    const isShown = typeof value === 'string' || typeof value === 'number';
    return isShown && value !== '' ? [[name, String(value)]] : [];
  });
}

function lossesOf(manifest: unknown): string[] {
  const losses: string[] = [];
  const dropped = field(manifest, 'dropped');
  if (typeof dropped === 'number' && dropped > 0)
    losses.push(`${dropped} packets were dropped while recording`);
  for (const gap of records(field(manifest, 'gaps'))) {
    const [first, last] = [textOf(gap, 'first'), textOf(gap, 'last')];
    const filesText = first === last ? `File ${first} is` : `Files ${first} to ${last} are`;
    losses.push(`${filesText} missing: ${textOf(gap, 'why')}`);
  }
  for (const interruption of records(field(manifest, 'interruptions')))
    losses.push(`Interrupted ${textOf(interruption, 'at')}: ${textOf(interruption, 'why')}`);
  return losses;
}

function manifestFile(file: object): ManifestFileFacts {
  return {
    name: textOf(file, 'name'),
    state: textOf(file, 'state'),
    size: Number(field(file, 'size')) || 0,
    packets: Number(field(file, 'packets')) || 0,
    first: textOf(file, 'first'),
    last: textOf(file, 'last'),
    sha256: textOf(file, 'sha256'),
  };
}

function field(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, key)
    ? (value as Readonly<Record<string, unknown>>)[key]
    : undefined;
}

function records(value: unknown): object[] {
  return Array.isArray(value)
    ? value.filter((entry): entry is object => typeof entry === 'object' && entry !== null)
    : [];
}

function textOf(value: object, key: string): string {
  const text = field(value, key);
  return typeof text === 'string' || typeof text === 'number' ? String(text) : '';
}
