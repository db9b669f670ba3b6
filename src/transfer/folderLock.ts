import { mkdir, open, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { errorCode, type Problem } from '../problem.ts';
import { LocalProblem, localProblem } from './localProblem.ts';

const LOCK_NAME = '.netdebug-fetch';

/** Throws a Problem if there is something other than a folder at this path. */
export async function checkFolder(path: string): Promise<void> {
  const existing = await stat(path).catch(() => undefined);
  if (existing === undefined || existing.isDirectory()) return;
  throw new LocalProblem(`${path} is not a folder`, {
    kind: 'exists',
    next: ['several files are written: choose a folder with -w FOLDER'],
  });
}

/**
 * Locks a folder, which is created (0700) if necessary, until the returned function is called: two simultaneous fetches
 * would write to each other's files. Takes over the lock of a process that was killed.
 */
export async function lockFolder(folder: string): Promise<() => Promise<void>> {
  const path = join(folder, LOCK_NAME);
  await checkFolder(folder);
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    for (let attempt = 0; ; attempt++) {
      if (await createLock(path)) return () => rm(path, { force: true });
      const holder = Number(await readFile(path, 'utf8').catch(() => ''));
      if (attempt > 0 || isAlive(holder)) throw inUse(folder, path, holder);
      await rm(path, { force: true });
    }
  } catch (error) {
    throw localProblem(folder, error);
  }
}

async function createLock(path: string): Promise<boolean> {
  try {
    const file = await open(path, 'wx', 0o600);
    await file.writeFile(String(process.pid));
    await file.close();
    return true;
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return false;
    throw error;
  }
}

/**
 * Signal 0 is not sent: it only checks that the process exists. A process of another user also exists, although
 * signalling it is denied.
 */
export function isAlive(pid: number): boolean {
  if (!Number.isInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return errorCode(error) === 'EPERM';
  }
}

function inUse(folder: string, path: string, holder: number): Problem {
  return new LocalProblem(`another fetch (process ${holder}) is writing to ${folder}`, {
    kind: 'exists',
    next: [`wait for it, or choose another folder; if it is no longer running, delete ${path}`],
  });
}
