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

const SHELLS = [
  { name: 'dash', words: ['dash'] },
  { name: 'busybox ash', words: ['busybox', 'sh'] },
];
const started: ChildProcess[] = [];

afterEach(() => {
  for (const child of started.splice(0)) child.kill('SIGKILL');
});

describe.each(SHELLS)('a program of the user under $name', ({ words: [shell = '', ...words] }) => {
  const sh = (script: string, args: readonly string[]) => {
    const child = spawn(shell, [...words, '-c', script, 'netdebug', ...args]);
    child.stdin.on('error', () => {});
    started.push(child);
    return child;
  };
  const mark = () => randomBytes(12).toString('hex');

  it.each(['frames', 'stream'])('gets its input whole by %s, and its end', async (how) => {
    const bytes = randomBytes(1_000_003);
    const child = sh(startScript, [mark(), '', how, 'sh', '-c', 'cat; exit 7']);
    const input = how === 'frames' ? inFrames() : child.stdin;
    if (how === 'frames') input.pipe(child.stdin, { end: false });
    for (let at = 0; at < bytes.length; at += 70_000) input.write(bytes.subarray(at, at + 70_000));
    input.end();
    const out = await buffer(child.stdout);
    expect(out.equals(bytes)).toBe(true);
    const [code] = child.exitCode === null ? await once(child, 'exit') : [child.exitCode];
    expect(code).toBe(7);
  });

  it('waits for no frames that the program does not want', async () => {
    const child = sh(startScript, [mark(), '', 'frames', 'true']);
    expect((await once(child, 'exit'))[0]).toBe(0);
  });

  it('has no input where there is none, and the kind of the terminal', async () => {
    const child = sh(startScript, [mark(), 'xterm-odd', 'none', 'sh', '-c', 'cat; echo "$TERM"']);
    expect(await text(child.stdout)).toBe('xterm-odd\n');
  });

  it('is interrupted, and ended with all it started, by its guard; nothing else is', async () => {
    const [ours, theirs] = [mark(), mark()];
    const guard = sh(guardScript, [ours]);
    await once(guard.stdout, 'data');
    const stubborn =
      'trap "" HUP TERM; trap "echo told" INT; sleep 1000 & echo "$!"; while :; do wait; sleep 0.1; done';
    const child = sh(startScript, [ours, '', 'none', 'sh', '-c', stubborn]);
    const other = sh(startScript, [theirs, '', 'none', 'sleep', '1000']);
    const said: string[] = [];
    child.stdout.on('data', (chunk) => said.push(String(chunk)));
    await until(() => said.length > 0);
    const orphan = Number(said[0]);
    guard.kill('SIGUSR1');
    await until(() => said.join('').includes('told'));
    guard.kill('SIGTERM');
    await once(guard, 'exit');
    await once(child, 'exit');
    await until(() => !isAlive(orphan));
    await wait(200);
    expect(other.exitCode ?? other.signalCode).toBeNull();
  }, 60_000);
});

function isAlive(pid: number): boolean {
  try {
    return !/^\d+ \(.*\) Z/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}

async function until(check: () => boolean): Promise<void> {
  for (const end = Date.now() + 20_000; !check(); await wait(50))
    if (Date.now() > end) throw new Error('it never came to that');
}
