import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import tetherScript from '../../../src/debugger/tether.sh';
import { alive, newMark, SHELLS, until } from './testProcesses.ts';

function tethered(command: readonly string[], script: string) {
  const mark = newMark();
  const [program = '', ...rest] = command;
  const child = spawn(
    program,
    [...rest, '-c', tetherScript, 'tether', ...command, '-c', script, mark],
    { stdio: ['pipe', 'pipe', 'pipe'] },
  );
  return { child, mark };
}

describe.concurrent.each(SHELLS)('the tether in $name', ({ command }) => {
  it('returns the exit status and the output of a program that ends', async () => {
    const { child, mark } = tethered(command, 'echo out; echo said >&2; exit 7');
    const [out, errors, [code]] = await Promise.all([
      text(child.stdout),
      text(child.stderr),
      once(child, 'close'),
    ]);
    expect([code, out, errors]).toEqual([7, 'out\n', 'netdebug: started\nsaid\n']);
    expect(alive(mark)).toBe(0);
  });

  it('leaves nothing behind of a program that ignores its end, nor of its children', async () => {
    const hung = `trap "" TERM; sh -c 'trap "" TERM; while :; do sleep 0.1; done' "$0"; true`;
    const { child, mark } = tethered(command, hung);
    await until(() => alive(mark) > 2);
    child.stdin.end();
    // Including all children: any survivor would be left to the target.
    await once(child, 'close');
    expect(alive(mark)).toBe(0);
  });
});
