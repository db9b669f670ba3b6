import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';

/**
 * A process that lives as long as its standard input is open. This process holds the other end, so that the kernel ends
 * it when this process is gone, for any reason.
 */
export interface HeldProcess {
  readonly pid: number;
  /** Writes a line to its standard input. */
  tell(line: string): void;
  /** Closes its standard input. Resolves when the process has ended. */
  close(): Promise<void>;
}

/**
 * Starts a script from this folder. Resolves when it has printed its first line. Rejects with its error output if it
 * ends before. `janitor` stays open in it until it ends.
 */
export async function startHeld(
  [program, ...options]: readonly [string, ...string[]],
  script: string,
  values: readonly string[],
  janitor: Writable,
): Promise<HeldProcess> {
  const child = spawn(program, [...options, 'sh', scriptPath(script), ...values], {
    stdio: ['pipe', 'pipe', 'pipe', janitor],
    // Not in the terminal's process group, so that Ctrl-C only reaches this process, which ends the others cleanly.
    detached: true,
  });
  const { stdin, stdout, stderr } = child;
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  if (!stdin || !stdout || !stderr) throw new Error(`${program} has no pipes`);
  let complaint = '';
  stderr.on('data', (text: Buffer) => {
    complaint = (complaint + text).slice(-2000);
  });
  stdin.on('error', () => {}); // The process ended first. `exited` reports that.
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

/** Path of a shell script in this folder. */
export function scriptPath(name: string): string {
  return fileURLToPath(new URL(name, import.meta.url));
}

function hasFailed(child: ChildProcess): Promise<false> {
  return new Promise((resolve) => {
    child.once('close', () => resolve(false));
    child.once('error', () => resolve(false));
  });
}
