import { type ChildProcessByStdio, spawn } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import { setTimeout as wait } from 'node:timers/promises';

export interface Finished {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly milliseconds: number;
}

/** A program under test: its output so far, and its end. */
export interface Running {
  readonly child: ChildProcessByStdio<Writable, Readable, Readable>;
  readonly finished: Promise<Finished>;
  stdout(): string;
  stderr(): string;
  /** Waits until the pattern appears in either output. Fails with both outputs if it does not appear. */
  says(pattern: RegExp, milliseconds?: number): Promise<void>;
}

export interface StartOptions {
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
  readonly stdin?: string;
}

/** Longer than anything takes on a busy machine, and shorter than the limit of a test. */
export const PATIENCE_MS = 90_000;

export function start(
  program: string,
  args: readonly string[],
  options: StartOptions = {},
): Running {
  const begun = Date.now();
  const child = spawn(program, args, {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { ...process.env, ...options.env },
    cwd: options.cwd,
  });
  child.stdin.on('error', () => {});
  if (options.stdin !== undefined) child.stdin.end(options.stdin);
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => {
    stdout += chunk.toString('latin1');
  });
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk;
  });
  const finished = new Promise<Finished>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) =>
      resolve({ code, signal, stdout, stderr, milliseconds: Date.now() - begun }),
    );
  });
  return {
    child,
    finished,
    stdout: () => stdout,
    stderr: () => stderr,
    says: async (pattern, milliseconds = PATIENCE_MS) => {
      for (const end = Date.now() + milliseconds; ; await wait(20)) {
        if (pattern.test(stdout) || pattern.test(stderr)) return;
        if (Date.now() > end || child.exitCode !== null)
          throw new Error(
            `${program} never said ${pattern}\n--- stdout\n${stdout}\n--- stderr\n${stderr}`,
          );
      }
    },
  };
}

/** Runs a program to its end. */
export async function run(
  program: string,
  args: readonly string[],
  options: StartOptions = {},
): Promise<Finished> {
  return start(program, args, { stdin: '', ...options }).finished;
}

/** Checks run programs, so they are expensive, and most conditions take seconds. */
const POLL_MS = 300;
/** The pause after a check, in times of its duration, so that checks leave the processors to what they wait for. */
const PAUSES = 2;

/**
 * Polls until `check` returns true. Resolves to false if the time is over. Only pass a time if users are promised less.
 */
export async function eventually(
  check: () => Promise<boolean> | boolean,
  milliseconds = PATIENCE_MS,
): Promise<boolean> {
  for (const end = Date.now() + milliseconds; ; ) {
    const begun = Date.now();
    if (await check()) return true;
    if (Date.now() > end) return false;
    await wait(Math.max(POLL_MS, PAUSES * (Date.now() - begun)));
  }
}
