import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A local cluster that a person runs for end-to-end tests. */
export interface RunningCluster {
  /** The checkout that it was started from. */
  readonly root: string;
  readonly pid: number;
  readonly kubeconfigs: Readonly<Record<string, string>>;
  readonly staticPodFolders: Readonly<Record<string, string>>;
}

const ROOT = join(import.meta.dirname, '..', '..');
const FILE = 'running.json';

/** Makes a cluster known to the tests of this checkout, until its folder is removed with it. */
export function tellRunning(
  folder: string,
  { kubeconfigs, staticPodFolders }: Pick<RunningCluster, 'kubeconfigs' | 'staticPodFolders'>,
): void {
  const running: RunningCluster = { root: ROOT, pid: process.pid, kubeconfigs, staticPodFolders };
  writeFileSync(join(folder, FILE), JSON.stringify(running), { mode: 0o600 });
}

/** Finds a running cluster of this checkout. */
export function findRunningCluster(): RunningCluster | undefined {
  const folders = readdirSync(tmpdir()).filter((name) => /^netdebug-[0-9a-f]{8}$/.test(name));
  return folders
    .map((name) => read(join(tmpdir(), name, FILE)))
    .find((cluster) => cluster?.root === ROOT && isAlive(cluster.pid));
}

function read(file: string): RunningCluster | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return undefined;
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
