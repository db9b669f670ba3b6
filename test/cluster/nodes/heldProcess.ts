import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';

/**
 * A process that lives as long as its standard input is open. This process holds the other end, so
 * that the kernel ends it when we are gone, in whatever way.
 */
export interface HeldProcess {
  readonly pid: number;
  /** Sends a line to its standard input. */
  tell(line: string): void;
  /** Closes its standard input and resolves when it has ended. */
  close(): Promise<void>;
}

/**
 * Starts a script beside this file and resolves when it has printed its first line; an error with
 * what it complained of when it ends before. `janitor` stays open in it until it ends.
 */
export async function startHeld(
  [program, ...options]: readonly [string, ...string[]],
  script: string,
  values: readonly string[],
  janitor: Writable,
): Promise<HeldProcess> {
  const child = spawn(program, [...options, 'sh', scriptPath(script), ...values], {
    stdio: ['pipe', 'pipe', 'pipe', janitor],
    // Out of the terminal's group: Ctrl-C is for us, and we end things in order.
    detached: true,
  });
  const { stdin, stdout, stderr } = child;
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  if (!stdin || !stdout || !stderr) throw new Error(`${program} has no pipes`);
  let complaint = '';
  stderr.on('data', (text: Buffer) => {
    complaint = (complaint + text).slice(-2000);
  });
  stdin.on('error', () => {}); // It ended first: `exited` tells.
  const ready = once(stdout, 'data').then(() => true);
  if (!(await Promise.race([ready, hasFailed(child)]))) {
    throw new Error(`${script} failed: ${complaint.trim() || `${program} cannot be run`}`);
  }
  return {
    pid: child.pid ?? 0,
    tell: (line) => stdin.write(`${line}\n`),
    async close() {
      stdin.end();
      await exited;
    },
  };
}

/** Path of a shell script beside this file. */
export function scriptPath(name: string): string {
  return fileURLToPath(new URL(name, import.meta.url));
}

function hasFailed(child: ChildProcess): Promise<false> {
  return new Promise((resolve) => {
    child.once('close', () => resolve(false));
    child.once('error', () => resolve(false));
  });
}
