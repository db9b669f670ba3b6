import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { setTimeout as wait } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import tetherScript from '../../../src/debugger/tether.sh';

/** The shells of the images: Debian's and Alpine's. */
const SHELLS = [
  { name: 'dash', command: ['dash'] },
  { name: 'busybox ash', command: ['busybox', 'ash'] },
].filter(({ command: [program = ''] }) => spawnSync('which', [program]).status === 0);

let marks = 0;

function tethered(command: readonly string[], script: string) {
  marks += 1;
  const mark = `netdebug-tether-test-${process.pid}-${marks}.`;
  const [program = '', ...rest] = command;
  const child = spawn(
    program,
    [...rest, '-c', tetherScript, 'tether', ...command, '-c', script, mark],
    { stdio: ['pipe', 'pipe', 'pipe'] },
  );
  return { child, mark };
}

/** Processes that carry the mark. */
function alive(mark: string): number {
  return readdirSync('/proc').filter((pid) => {
    if (!/^\d+$/.test(pid)) return false;
    try {
      return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(mark);
    } catch {
      return false;
    }
  }).length;
}

describe.concurrent.each(SHELLS)('the tether in $name', ({ command }) => {
  it('gives the exit status and the output of a program that ends', async () => {
    const { child, mark } = tethered(command, 'echo out; echo said >&2; exit 7');
    const [out, errors, [code]] = await Promise.all([
      text(child.stdout),
      text(child.stderr),
      once(child, 'close'),
    ]);
    expect([code, out, errors]).toEqual([7, 'out\n', 'netdebug: started\nsaid\n']);
    expect(alive(mark)).toBe(0);
  });

  it('leaves nothing of a program that ignores its end, nor of what that started', async () => {
    const hung = `trap "" TERM; sh -c 'trap "" TERM; while :; do sleep 0.1; done' "$0"; true`;
    const { child, mark } = tethered(command, hung);
    for (const end = Date.now() + 60_000; alive(mark) < 3 && Date.now() < end; ) await wait(50);
    expect(alive(mark)).toBeGreaterThan(2);
    child.stdin.end();
    // With all of it: what outlives it would be left to the target.
    await once(child, 'close');
    expect(alive(mark)).toBe(0);
  });
});
