import { join } from 'node:path';
import { Problem } from '../../problem.ts';
import type { DetachedCapture } from './captures.ts';

/** The folder that each capture is copied to: the one that is named, or one for each target in it. Throws a Problem. */
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

/** A target's name as that of a folder. Throws a Problem for what no API server accepts as a name. */
function folderName(target: string): string {
  const name = target.replaceAll('/', '_');
  if (/^[a-z0-9][-a-z0-9._]*$/.test(name)) return name;
  throw new Problem(`"${target}" cannot be used as the name of a folder`, { kind: 'not-written' });
}
