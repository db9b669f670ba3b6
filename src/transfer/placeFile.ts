import { link, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { errorCode, type Problem } from '../problem.ts';
import { LocalProblem, localProblem } from './localProblem.ts';

/** What file systems without hard links (FAT, some network ones) say to `link`. */
const NO_LINKS = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK', 'EXDEV']);

/**
 * Gives a finished file its final name. Without `force` a file that has the name already stays and
 * a Problem says so, even when somebody made it this very moment.
 */
export async function placeFile(from: string, to: string, force: boolean): Promise<void> {
  try {
    if (force || !(await linked(from, to))) await rename(from, to);
    else await rm(from);
  } catch (error) {
    throw localProblem(to, error);
  }
  await syncFolder(dirname(to));
}

/** Makes a second name; false where the file system has none. A rename would replace silently. */
async function linked(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    if (errorCode(error) === 'EEXIST') throw existsAlready(to);
    if (!NO_LINKS.has(errorCode(error) ?? '')) throw error;
    return false;
  }
}

export function existsAlready(path: string): Problem {
  return new LocalProblem(`${path} already exists and is another file`, {
    kind: 'exists',
    next: ['choose another folder, move that file away, or overwrite it with --force'],
  });
}

/** So that the name outlives a loss of power too; not every system can do it to a folder. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r').catch(() => undefined);
  await folder?.sync().catch(() => {});
  await folder?.close().catch(() => {});
}

/**
 * Writes a small file so that readers find, at any time and after any accident, the old
 * text or the new, whole.
 */
export async function writeAtomically(path: string, text: string): Promise<void> {
  const fresh = `${path}.new`;
  try {
    await rm(fresh, { force: true });
    const file = await open(fresh, 'wx', 0o600);
    try {
      await file.writeFile(text);
      await file.datasync();
    } finally {
      await file.close();
    }
    await rename(fresh, path);
  } catch (error) {
    await rm(fresh, { force: true }).catch(() => {});
    throw localProblem(path, error);
  }
}
