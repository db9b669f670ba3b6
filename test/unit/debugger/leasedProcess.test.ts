import { setTimeout as wait } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { LeasedProcess } from '../../../src/debugger/leasedProcess.ts';
import { FakePod } from '../capture/fakePod.ts';
import { fakeServer } from '../kube/fakeServer.ts';

const PLACE = { namespace: 'shop', pod: 'web', container: 'netdebug-network' };

/** The number of words from the client while a program prints something every 200 ms, and afterwards. */
async function wordsDuring(isShort: boolean) {
  const far = Promise.withResolvers<FakePod>();
  const { access } = await fakeServer({
    exec: (socket, request) => far.resolve(new FakePod(socket, request)),
  });
  const process = await LeasedProcess.start(access, PLACE, { command: ['ss'], isShort });
  process.stdout.resume();
  process.stderr.resume();
  const pod = await far.promise;
  await pod.started;
  for (let at = 0; at < 3_500; at += 200) {
    pod.writes('a line\n');
    await wait(200);
  }
  const during = pod.words.length;
  await wait(2_500);
  const after = pod.words.length - during;
  pod.exits(0);
  await process.exit;
  return { during, after };
}

it.concurrent('sends nothing during the output of a program that ends by itself: unread words at its end would reset the connection', async () => {
  const { during, after } = await wordsDuring(true);
  expect(during).toBe(0);
  expect(after).toBeGreaterThan(0);
});

it.concurrent('sends heartbeats all the time if the client ends the program', async () => {
  expect((await wordsDuring(false)).during).toBeGreaterThan(1);
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
