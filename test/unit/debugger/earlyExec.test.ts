import { setTimeout as wait } from 'node:timers/promises';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { EarlyExec } from '../../../src/debugger/earlyExec.ts';
import { LeasedProcess } from '../../../src/debugger/leasedProcess.ts';
import { FakePod } from '../capture/fakePod.ts';
import { fakeServer } from '../kube/fakeServer.ts';

const PLACE = { namespace: 'shop', pod: 'web', container: 'netdebug-network' };

async function podWithExecs() {
  const pods: FakePod[] = [];
  const { access } = await fakeServer({
    exec: (socket, request) => void pods.push(new FakePod(socket, request)),
  });
  const early = new EarlyExec(access, PLACE);
  onTestFinished(() => early.close());
  const start = async (signal?: AbortSignal) => {
    const process = await LeasedProcess.start(
      access,
      { ...PLACE, early },
      { command: ['tcpdump'] },
      signal,
    );
    onTestFinished(() => process.close());
    return process;
  };
  return { pods, early, start };
}

describe('an exec that is opened early', () => {
  it('runs the first program; the next one gets its own exec', async () => {
    const { pods, early, start } = await podWithExecs();
    await early.opening;
    await start();
    await pods[0]?.started;
    expect(pods).toHaveLength(1);
    expect(pods[0]?.command.at(-1)).toBe('tcpdump');
    await start();
    expect(pods).toHaveLength(2);
  });

  it('is not used after it has waited for long, and ends', async () => {
    const { pods, early, start } = await podWithExecs();
    const stream = await early.opening;
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 7_000 });
    onTestFinished(() => void vi.useRealTimers());
    await start();
    await pods[1]?.started;
    await expect(stream.exit).rejects.toThrow();
    expect(pods[0]?.command).toEqual([]);
  });

  it('ends with the signal of its program', async () => {
    const { early, start } = await podWithExecs();
    await early.opening;
    const ending = new AbortController();
    const process = await start(ending.signal);
    ending.abort(new Error('enough'));
    await expect(process.exit).rejects.toThrow('enough');
  });

  it('ends when it is closed, unless a program runs in it', async () => {
    const { early, start } = await podWithExecs();
    const process = await start();
    early.close();
    await wait(20);
    process.stop();
    expect(await process.exit).toBe(0);
    const unused = await podWithExecs();
    const stream = await unused.early.opening;
    unused.early.close();
    await expect(stream.exit).rejects.toThrow('not needed');
  });

  it("if refused, leaves the error to the program's own exec", async () => {
    const { access } = await fakeServer({ refuse: () => 403 });
    const early = new EarlyExec(access, PLACE);
    const starting = LeasedProcess.start(access, { ...PLACE, early }, { command: ['true'] });
    await expect(starting).rejects.toThrow();
    await expect(early.opening).rejects.toThrow();
  });
});
