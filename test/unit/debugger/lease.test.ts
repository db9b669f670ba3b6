import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  closeSync,
  constants,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import leaseScript from '../../../src/debugger/lease.sh';
import { alive, newMark, SHELLS, until } from './testProcesses.ts';

const SILENCE_S = 4;

/** A lease over a program that is identified by a unique argument. */
function lease(shell: readonly string[], script: string) {
  const mark = newMark();
  const [program = '', ...rest] = shell;
  const child = spawn(
    program,
    [...rest, '-c', leaseScript, 'lease', String(SILENCE_S), ...shell, '-c', script, mark],
    { stdio: ['pipe', 'pipe', 'pipe'] },
  );
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk;
  });
  return {
    child,
    mark,
    output: () => output,
    say: (word: string) => child.stdin.write(`${word}\n`),
  };
}

/** A lease with a writer that keeps sending heartbeats, whatever happens to the guard. */
async function leaseWithOpenInput(
  shell: readonly string[],
  script: string,
  atEnd: (done: () => void) => void,
) {
  const mark = newMark();
  const folder = mkdtempSync(join(tmpdir(), 'netdebug-lease-'));
  const fifo = join(folder, 'words');
  spawnSync('mkfifo', [fifo]);
  const writer = openSync(fifo, constants.O_RDWR);
  const beats = setInterval(() => writeSync(writer, 'beat\n'), 300);
  const [program = '', ...rest] = shell;
  const child = spawn(
    program,
    [...rest, '-c', leaseScript, 'lease', String(SILENCE_S), ...shell, '-c', script, mark],
    { stdio: [openSync(fifo, 'r'), 'ignore', 'ignore'] },
  );
  atEnd(() => {
    clearInterval(beats);
    closeSync(writer);
    rmSync(folder, { recursive: true });
  });
  await until(() => alive(mark) > 2);
  return { mark, guard: child.pid ?? 0 };
}

const waitUntilEnded = (mark: string): Promise<void> => until(() => alive(mark) === 0);

function childrenOf(pid: number): number[] {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8');
  return children.split(' ').filter(Boolean).map(Number);
}

async function exitOf(child: ChildProcess): Promise<number | null> {
  const [code] = (await once(child, 'close')) as [number | null];
  return code;
}

const FOREVER = 'trap "echo ended; exit 0" TERM; echo begun; while :; do sleep 0.1; done';

describe.concurrent.each(SHELLS)('the lease in $name', ({ command }) => {
  it('returns the exit status and the output of a program that ends', async () => {
    const { child, output, mark } = lease(command, 'echo out; exit 7');
    expect(await exitOf(child)).toBe(7);
    expect(output()).toBe('out\n');
    await waitUntilEnded(mark);
  });

  it('lets the program end normally when asked to stop', async () => {
    const { child, say, output } = lease(command, FOREVER);
    await until(() => output() === 'begun\n');
    say('stop');
    expect(await exitOf(child)).toBe(0);
    expect(output()).toBe('begun\nended\n');
  });

  it('kills a program that does not end', async () => {
    const stubborn = 'trap "" TERM; echo begun; while :; do sleep 0.1; done';
    const { child, say, mark, output } = lease(command, stubborn);
    await until(() => output() === 'begun\n');
    say('stop');
    expect(await exitOf(child)).toBe(137);
    await waitUntilEnded(mark);
  });

  it('also ends descendants of the program, whatever signals they ignore', async () => {
    const { child, say, mark } = lease(
      command,
      `sh -c 'trap "" TERM; while :; do sleep 0.1; done' "$0"; true`,
    );
    await until(() => alive(mark) > 2);
    say('stop');
    await exitOf(child);
    await waitUntilEnded(mark);
  });

  it('signals a program in a script for statistics, and ends neither', async () => {
    const { say, child, output, mark } = lease(
      command,
      `sh -c 'trap "echo statistics" USR1; while :; do sleep 0.1; done' "$0"; true`,
    );
    await until(() => alive(mark) > 2);
    // The inner program may not be ready for the first signal.
    const asking = setInterval(() => say('info'), 200);
    await until(() => output().startsWith('statistics\nstatistics\n'));
    clearInterval(asking);
    expect(alive(mark)).toBeGreaterThan(2);
    child.stdin.end();
    await exitOf(child);
  });

  it('does not signal the children of a program that handles the signal', async () => {
    const child = 'trap "echo wrong" USR1; while :; do echo tick; sleep 0.1; done';
    const {
      say,
      child: guard,
      output,
    } = lease(
      command,
      `trap "echo statistics" USR1; sh -c '${child}' "$0" & while :; do wait "$!"; done`,
    );
    const ticksAfter = (word: string) => output().split(word).at(-1)?.match(/tick/g)?.length ?? 0;
    await until(() => ticksAfter('start') > 0);
    say('info');
    // The child handles a signal within two ticks.
    await until(() => output().includes('statistics') && ticksAfter('statistics') > 2);
    guard.stdin.end();
    await exitOf(guard);
    expect(output()).not.toContain('wrong');
  });

  it('prints first that it has started', async () => {
    const { child } = lease(command, 'echo complaint >&2');
    let errors = '';
    child.stderr.on('data', (chunk: Buffer) => {
      errors += chunk;
    });
    await exitOf(child);
    expect(errors).toBe('netdebug: started\ncomplaint\n');
  });

  it('ends the program at the end of input', async () => {
    const { child, mark, output } = lease(command, FOREVER);
    await until(() => output() === 'begun\n');
    child.stdin.end();
    await waitUntilEnded(mark);
  });

  it('ends the program after silence, but not while words arrive', async () => {
    const { child, mark } = lease(command, FOREVER);
    // Not written by this process, which a busy machine may stop for as long as the silence. This shell takes its turns
    // as the lease's clock does.
    const heartbeats = spawn('sh', ['-c', 'while echo beat; do sleep 0.25; done'], {
      stdio: ['ignore', child.stdin, 'ignore'],
    });
    await wait((SILENCE_S + 2) * 1000);
    expect(child.exitCode).toBe(null);
    heartbeats.kill();
    await waitUntilEnded(mark);
  });

  it('ends the program when the guard itself is killed with its input open', async ({
    onTestFinished,
  }) => {
    const { mark, guard } = await leaseWithOpenInput(command, FOREVER, onTestFinished);
    process.kill(guard, 'SIGKILL');
    await waitUntilEnded(mark);
  });

  it('ends the program when the reader of the words is killed', async ({ onTestFinished }) => {
    const { mark, guard } = await leaseWithOpenInput(command, FOREVER, onTestFinished);
    // The program and its two guards have one parent; the reader of the words has no children.
    await until(() => {
      const counts = childrenOf(guard).map((child) => childrenOf(child).length);
      return String(counts.sort()) === '0,3';
    });
    for (const child of childrenOf(guard))
      if (childrenOf(child).length === 0) process.kill(child, 'SIGKILL');
    await waitUntilEnded(mark);
  });

  it('signals the program for statistics', async () => {
    const { say, child, output } = lease(
      command,
      'trap "echo statistics" USR1; echo begun; while :; do sleep 0.1; done',
    );
    await until(() => output() === 'begun\n');
    say('info');
    await until(() => output() === 'begun\nstatistics\n');
    child.stdin.end();
    await exitOf(child);
  });
});
