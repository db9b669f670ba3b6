import { link, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { errorCode, type Problem } from '../problem.ts';
import { LocalProblem, localProblem } from './localProblem.ts';

/** Errors of `link` on file systems without hard links (FAT, some network file systems). */
const NO_LINKS = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK', 'EXDEV']);

/**
 * Gives a finished file its final name. Without `force`, an existing file of that name is kept and a Problem is thrown,
 * even if another process creates that file at the same moment.
 */
export async function placeFile(from: string, to: string, force: boolean): Promise<void> {
  try {
    if (force || !(await tryLink(from, to))) await rename(from, to);
    else await rm(from);
  } catch (error) {
    throw localProblem(to, error);
  }
  await syncFolder(dirname(to));
}

/**
 * Creates a second name; returns false if the file system does not support hard links. A rename would silently replace
 * an existing file.
 */
async function tryLink(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    if (errorCode(error) === 'EEXIST') throw alreadyExists(to);
    if (!NO_LINKS.has(errorCode(error) ?? '')) throw error;
    return false;
  }
}

export function alreadyExists(path: string): Problem {
  return new LocalProblem(`${path} already exists and is another file`, {
    kind: 'exists',
    next: ['choose another folder, move that file away, or overwrite it with --force'],
  });
}

/** Makes the name survive a power failure. Not every system can sync a folder. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r').catch(() => undefined);
  await folder?.sync().catch(() => {});
  await folder?.close().catch(() => {});
}

/**
 * Writes a small file so that readers always find either the complete old text or the complete new text, even after a
 * crash.
 */
export async function writeAtomically(path: string, text: string): Promise<void> {
  const temporary = `${path}.new`;
  try {
    await rm(temporary, { force: true });
    const file = await open(temporary, 'wx', 0o600);
    try {
      await file.writeFile(text);
      await file.datasync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => {});
    throw localProblem(path, error);
  }
}
