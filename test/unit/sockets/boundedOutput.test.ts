import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { boundedExit, boundedOutput, Unusable } from '../../../src/sockets/boundedOutput.ts';

/** A command whose output, start and end the test controls. */
function fakeCommand() {
  const stdout = new PassThrough();
  const started = Promise.withResolvers<void>();
  const exit = Promise.withResolvers<number>();
  const command = {
    stdout,
    stderr: new PassThrough(),
    started: started.promise,
    exit: exit.promise,
    close: () => {},
  };
  const read = async () => {
    let output = '';
    for await (const chunk of boundedOutput(command, 'ss')) output += chunk;
    return output;
  };
  return { command, stdout, started, exit, read };
}

/** Lets seconds pass. */
async function pass(seconds: number): Promise<void> {
  for (let second = 0; second < seconds; second += 1) {
    vi.advanceTimersByTime(1000);
    await new Promise((done) => setImmediate(done));
  }
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
});
afterEach(() => {
  vi.useRealTimers();
});

describe('the output of a command', () => {
  it('arrives completely, however late the pod starts the command', async () => {
    const { stdout, started, exit, command, read } = fakeCommand();
    const output = read();
    await pass(95);
    started.resolve();
    stdout.write('one\n');
    await pass(15);
    stdout.end('two\n');
    exit.resolve(0);
    expect(await output).toBe('one\ntwo\n');
    expect(await boundedExit(command, 'ss')).toBe(0);
  });

  it('is not waited for if the pod never starts the command', async () => {
    const { read } = fakeCommand();
    const output = read().catch((error: unknown) => error);
    await pass(121);
    const error = await output;
    expect(error).toMatchObject({
      kind: 'not-started',
      message: expect.stringMatching(/\bss\b.* 120 s\b/),
    });
    expect(error).not.toBeInstanceOf(Unusable);
  });

  it('is not waited for if the command hangs', async () => {
    const { stdout, started, read } = fakeCommand();
    started.resolve();
    stdout.write('one\n');
    const output = read().catch((error: unknown) => error);
    await pass(25);
    expect(await output).toBeInstanceOf(Unusable);
    expect(String(await output)).toMatch(/\bss\b.* 20 s\b/);
  });

  it('without a newline is refused', async () => {
    const { stdout, started, read } = fakeCommand();
    started.resolve();
    const output = read().catch((error: unknown) => error);
    for (let part = 0; part < 70; part += 1) stdout.write('x'.repeat(1000));
    expect(await output).toBeInstanceOf(Unusable);
    expect(String(await output)).not.toMatch(/\d+ s\b/);
  });

  it('without an end is cut off', async () => {
    const { stdout, started, read } = fakeCommand();
    started.resolve();
    const output = read().catch((error: unknown) => error);
    for (let second = 0; second < 305; second += 1) {
      stdout.write('line\n');
      await pass(1);
    }
    expect(String(await output)).toMatch(/ 300 s\b/);
  });

  it('without an exit code is unusable', async () => {
    const { command } = fakeCommand();
    const exit = boundedExit(command, 'ss').catch((error: unknown) => error);
    await pass(11);
    expect(await exit).toBeInstanceOf(Unusable);
  });
});
