import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Writable } from 'node:stream';
import { scriptPath } from './heldProcess.ts';

/** Cleans up after a cluster when everybody who holds its standard input is gone. */
export interface Janitor {
  /** To be held by every process that has to be gone before the cleaning starts. */
  readonly stdin: Writable;
  /** Lets go of it and resolves when all is clean. */
  close(): Promise<void>;
}

/** Starts the process that removes the control groups of that name and the folders after us. */
export function startJanitor(cgroup: string, ...folders: readonly string[]): Janitor {
  const child = spawn('sh', [scriptPath('janitor.sh'), cgroup, ...folders], {
    stdio: ['pipe', 'ignore', 'inherit'],
    detached: true, // A session of its own: it has to survive us.
  });
  const exited = once(child, 'exit');
  return {
    stdin: child.stdin,
    async close() {
      child.stdin.destroy();
      await exited;
    },
  };
}
