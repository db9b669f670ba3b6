import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Writable } from 'node:stream';
import { scriptPath } from './heldProcess.ts';

/** Cleans up after a cluster when all holders of its standard input are gone. */
export interface Janitor {
  /** Must be held by every process that has to end before the cleaning starts. */
  readonly stdin: Writable;
  /** Releases it. Resolves when everything is clean. */
  close(): Promise<void>;
}

/** Starts the process that later removes the control groups with that name and the folders. */
export function startJanitor(cgroup: string, ...folders: readonly string[]): Janitor {
  const child = spawn('sh', [scriptPath('janitor.sh'), cgroup, ...folders], {
    stdio: ['pipe', 'ignore', 'inherit'],
    detached: true, // In its own session, because it must outlive this process.
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
