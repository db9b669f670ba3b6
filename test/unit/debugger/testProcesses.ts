import { spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';

/** The shells of the images: Debian's and Alpine's. */
export const SHELLS = [
  { name: 'dash', command: ['dash'] },
  { name: 'busybox ash', command: ['busybox', 'ash'] },
].filter(({ command: [program = ''] }) => spawnSync('which', [program]).status === 0);

/** An argument that identifies the processes of a test. */
export function newMark(): string {
  return `netdebug-test-${randomUUID()}`;
}

/** The number of processes with this mark. */
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

/** Waits for a condition. */
export async function until(isSo: () => boolean): Promise<void> {
  for (const end = Date.now() + 60_000; !isSo(); await wait(50))
    if (Date.now() > end) throw new Error('waited in vain');
}
