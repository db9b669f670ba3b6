import { spawn } from 'node:child_process';
import { existsSync, openSync, readFileSync } from 'node:fs';
import { mkdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

/** Where a cluster in the background stores its state. There is at most one. */
export const STATE_FOLDER = join(tmpdir(), 'netdebug-kubernetes');
const STATE_FILE = join(STATE_FOLDER, 'state.json');
export const CREDENTIALS = join(STATE_FOLDER, 'credentials');
const LOG_FILE = join(STATE_FOLDER, 'log');
/** Ending a cluster takes about two seconds. Milliseconds. */
const END_TIMEOUT = 60_000;

export interface State {
  readonly pid: number;
  readonly kubeconfig: string;
  /** Node name -> PID of its first process. */
  readonly nodes: Readonly<Record<string, number>>;
}

/** The messages of a cluster in the background to the process that started it. */
export type Message = { readonly step: string } | { readonly state: State };

/** The cluster that runs in the background. Undefined if there is none. */
export function findBackground(): State | undefined {
  if (!existsSync(STATE_FILE)) return undefined;
  const state = JSON.parse(readFileSync(STATE_FILE, 'utf8')) as State;
  return isAlive(state.pid) ? state : undefined;
}

/** Stores the result of `findBackground` for other processes, and a constant path to the kubeconfig files. */
export async function saveState(state: State): Promise<void> {
  await symlink(dirname(state.kubeconfig), CREDENTIALS);
  await writeFile(STATE_FILE, JSON.stringify(state), { mode: 0o600 });
}

/**
 * Starts `main.ts run --background` with these additional arguments. It outlives this process after it has sent its
 * state.
 */
export async function startInBackground(
  words: readonly string[],
  onStep: (step: string) => void,
): Promise<State> {
  await rm(STATE_FOLDER, { recursive: true, force: true });
  await mkdir(STATE_FOLDER, { mode: 0o700 });
  const log = openSync(LOG_FILE, 'a', 0o600);
  const main = join(import.meta.dirname, 'main.ts');
  const child = spawn(process.execPath, [main, 'run', '--background', ...words], {
    detached: true,
    stdio: ['ignore', log, log, 'ipc'],
  });
  const state = await new Promise<State>((resolve, reject) => {
    child.on('message', (message: Message) => {
      if ('step' in message) onStep(message.step);
      else resolve(message.state);
    });
    child.once('exit', () => {
      const output = existsSync(LOG_FILE) ? readFileSync(LOG_FILE, 'utf8') : '';
      reject(new Error(output.trim() || 'it ended before it was ready'));
    });
  });
  child.disconnect();
  child.unref();
  return state;
}

/** Ends it. Resolves when nothing of it is left. */
export async function endBackground({ pid }: State): Promise<void> {
  process.kill(pid, 'SIGTERM');
  for (const end = Date.now() + END_TIMEOUT; isAlive(pid) || existsSync(STATE_FOLDER); ) {
    if (Date.now() > end) throw new Error(`process ${pid} has not ended; see ${LOG_FILE}`);
    await delay(100);
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
