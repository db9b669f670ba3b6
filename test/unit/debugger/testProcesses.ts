import { spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';

/** The shells of the images: Debian's and Alpine's. */
export const SHELLS = [
  { name: 'dash', command: ['dash'] },
  { name: 'busybox ash', command: ['busybox', 'ash'] },
].filter(({ command: [program = ''] }) => spawnSync('which', [program]).status === 0);

/** An argument by which processes of a test are told apart. */
export function newMark(): string {
  return `netdebug-test-${randomUUID()}`;
}

/** How many processes carry the mark. */
export function alive(mark: string): number {
  return readdirSync('/proc').filter((pid) => {
    if (!/^\d+$/.test(pid)) return false;
    try {
      return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(mark);
    } catch {
      return false;
    }
  }).length;
}

/** Waits for a state. */
export async function until(isSo: () => boolean): Promise<void> {
  for (const end = Date.now() + 60_000; !isSo(); await wait(50))
    if (Date.now() > end) throw new Error('waited in vain');
}
