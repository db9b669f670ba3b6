import { join } from 'node:path';
import { Problem } from '../../problem.ts';
import type { DetachedCapture } from './captures.ts';

/**
 * The folder for each capture: the given folder or, for several captures, a subfolder of it per target. Throws a
 * Problem.
 */
export function fetchFolders(
  captures: readonly DetachedCapture[],
  folder: string,
): ReadonlyMap<DetachedCapture, string> {
  const isAlone = captures.length === 1;
  return new Map(
    captures.map((capture) => [
      capture,
      isAlone ? folder : join(folder, folderName(capture.target)),
    ]),
  );
}

/** A target's name as a folder name. Throws a Problem for names that no API server accepts. */
function folderName(target: string): string {
  const name = target.replaceAll('/', '_');
  if (/^[a-z0-9][-a-z0-9._]*$/.test(name)) return name;
  throw new Problem(`"${target}" cannot be used as the name of a folder`, { kind: 'not-written' });
}
