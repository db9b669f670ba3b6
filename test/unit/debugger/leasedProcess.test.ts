import { setTimeout as wait } from 'node:timers/promises';
import { afterEach, expect, it, vi } from 'vitest';
import { LeasedProcess } from '../../../src/debugger/leasedProcess.ts';
import { FakePod } from '../capture/fakePod.ts';
import { fakeServer } from '../kube/fakeServer.ts';

const PLACE = { namespace: 'shop', pod: 'web', container: 'netdebug-network' };

afterEach(() => {
  vi.useRealTimers();
});

/**
 * The number of words from the client while a program prints something every 200 ms, and afterwards. On a clock of its
 * own, because on a busy machine the output would pause.
 */
async function wordsDuring(isShort: boolean) {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'Date'] });
  const far = Promise.withResolvers<FakePod>();
  const { access } = await fakeServer({
    exec: (socket, request) => far.resolve(new FakePod(socket, request)),
  });
  const process = await LeasedProcess.start(access, PLACE, { command: ['ss'], isShort });
  let received = 0;
  process.stdout.on('data', (chunk: Buffer) => {
    received += chunk.length;
  });
  process.stderr.resume();
  const pod = await far.promise;
  await pod.started;
  for (let lines = 1; lines <= 17; lines += 1) {
    pod.writes('a line\n');
    await vi.waitFor(() => expect(received).toBe(lines * 7), { interval: 1 });
    vi.advanceTimersByTime(200);
  }
  // Words that were sent arrive.
  await wait(100);
  const during = pod.words.length;
  vi.advanceTimersByTime(2_500);
  await vi.waitFor(() => expect(pod.words.length).toBeGreaterThan(during), { interval: 1 });
  pod.exits(0);
  await process.exit;
  return during;
}

it('sends nothing during the output of a program that ends by itself: unread words at its end would reset the connection', async () => {
  expect(await wordsDuring(true)).toBe(0);
});

it('sends heartbeats all the time if the client ends the program', async () => {
  expect(await wordsDuring(false)).toBeGreaterThan(1);
});

it('sends nothing more after it has asked the program to end: the rest of the output may take long', async () => {
  const far = Promise.withResolvers<FakePod>();
  const { access } = await fakeServer({
    exec: (socket, request) => far.resolve(new FakePod(socket, request)),
  });
  const process = await LeasedProcess.start(access, PLACE, { command: ['tcpdump'] });
  process.stdout.resume();
  process.stderr.resume();
  const pod = await far.promise;
  await pod.started;
  // The program takes some time.
  pod.on = () => {};
  process.stop();
  await wait(2_500);
  expect(pod.words).toEqual(['stop']);
  pod.exits(0);
  expect(await process.exit).toBe(0);
});
