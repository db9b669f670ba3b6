import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { buffer, text } from 'node:stream/consumers';
import { setTimeout as wait } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { inFrames } from '../../../src/debugger/shell/frames.ts';
import guardScript from '../../../src/debugger/shell/guard.sh';
import startScript from '../../../src/debugger/shell/start.sh';
import { until } from './testProcesses.ts';

const SHELLS = [
  { name: 'dash', words: ['dash'] },
  { name: 'busybox ash', words: ['busybox', 'sh'] },
];
const started: ChildProcess[] = [];

afterEach(() => {
  for (const child of started.splice(0)) child.kill('SIGKILL');
});

describe.each(SHELLS)("a user's program under $name", ({ words: [shell = '', ...words] }) => {
  const sh = (script: string, args: readonly string[]) => {
    const child = spawn(shell, [...words, '-c', script, 'netdebug', ...args]);
    child.stdin.on('error', () => {});
    started.push(child);
    return child;
  };
  const mark = () => randomBytes(12).toString('hex');
  const guardOf = async (mark: string) => {
    const guard = sh(guardScript, [mark]);
    const [line] = await once(guard.stdout, 'data');
    expect(String(line)).toBe(`ready ${guard.pid}\n`);
    return guard;
  };
  /** Without a guard to notify of its end. */
  const run = (how: string, command: readonly string[], mark = '', terminal = '', guard = '') =>
    sh(startScript, [mark, guard, terminal, how, ...command]);

  it.each(['frames', 'stream'])(
    'gets all of its input by %s, and the end of input',
    async (how) => {
      const bytes = randomBytes(1_000_003);
      const child = run(how, ['sh', '-c', 'cat; exit 7']);
      const input = how === 'frames' ? inFrames() : child.stdin;
      if (how === 'frames') input.pipe(child.stdin, { end: false });
      for (let at = 0; at < bytes.length; at += 70_000)
        input.write(bytes.subarray(at, at + 70_000));
      input.end();
      const out = await buffer(child.stdout);
      expect(out.equals(bytes)).toBe(true);
      const [code] = child.exitCode === null ? await once(child, 'exit') : [child.exitCode];
      expect(code).toBe(7);
    },
  );

  it('does not wait for frames that the program does not read', async () => {
    const child = run('frames', ['true']);
    expect((await once(child, 'exit'))[0]).toBe(0);
  });

  it('gets no input if there is none, and the terminal type', async () => {
    const child = run('none', ['sh', '-c', 'cat; echo "$TERM"'], '', 'xterm-odd');
    expect(await text(child.stdout)).toBe('xterm-odd\n');
  });

  it('is interrupted and ended, with all its descendants, by its guard, which ends nothing else', async () => {
    const [ours, theirs] = [mark(), mark()];
    const guard = await guardOf(ours);
    const stubborn =
      'trap "" HUP TERM; trap "echo told" INT; sleep 1000 & echo "$!"; while :; do wait; sleep 0.1; done';
    const child = run('none', ['sh', '-c', stubborn], ours);
    const other = run('none', ['sleep', '1000'], theirs);
    const lines: string[] = [];
    child.stdout.on('data', (chunk) => lines.push(String(chunk)));
    await until(() => lines.length > 0);
    const orphan = Number(lines[0]);
    guard.kill('SIGUSR1');
    await until(() => lines.join('').includes('told'));
    guard.kill('SIGTERM');
    await once(guard, 'exit');
    await once(child, 'exit');
    await until(() => !isAlive(orphan));
    await wait(200);
    expect(other.exitCode ?? other.signalCode).toBeNull();
  });

  it.each(['frames', 'none'])(
    'by %s: its background processes end after it, and can print their last words',
    async (how) => {
      const ours = mark();
      const guard = await guardOf(ours);
      const script =
        'trap "" HUP; { sleep 0.2; echo last; } & sleep 1000 & echo "$!"; exec sh -c "exit 3"';
      const child = run(how, ['sh', '-c', script], ours, '', String(guard.pid));
      const ended = once(child, 'exit').then(([code]) => code);
      // Until its end only the job holds its output open.
      const output = await text(child.stdout);
      expect(await ended).toBe(3);
      expect(output).toMatch(/^\d+\nlast\n$/);
      await until(() => !isAlive(Number.parseInt(output, 10)));
    },
  );

  it('is run as a program, without messages of the shell', async () => {
    const killed = run('stream', ['sh', '-c', 'kill -KILL "$$"']);
    const output = await text(killed.stderr);
    await until(() => killed.exitCode !== null);
    expect([killed.exitCode, output]).toEqual([137, '']);
    for (const [name, code] of [
      ['feed', 127],
      ['exit', 127],
      ['false', 1],
    ] as const)
      expect((await once(run('none', [name]), 'exit'))[0]).toBe(code);
  });
});

function isAlive(pid: number): boolean {
  try {
    return !/^\d+ \(.*\) Z/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}
