import { once } from 'node:events';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { createRunningPod } from './testPods.ts';
import { startTestServer, type TestServer } from './testServer.ts';

const PODS = '/api/v1/namespaces/shop/pods';

let server: TestServer;

beforeAll(async () => {
  server = await startTestServer();
  await createRunningPod(server, { namespace: 'shop', name: 'web-7' });
});
beforeEach(() => annotate({}));
afterAll(() => server.close());

function annotate(annotations: Record<string, string>): void {
  server.store.update('namespaces', undefined, 'shop', ({ metadata }) => {
    metadata.annotations = annotations;
    return undefined;
  });
}

/** Reads a command's output until the connection ends, or for the time given in milliseconds. */
async function read(command: string, patience = 5000) {
  const query = command
    .split(' ')
    .map((word) => `command=${encodeURIComponent(word)}`)
    .join('&');
  const path = `${PODS}/web-7/exec?container=app&stdout=true&${query}`;
  const socket = await server.websocket(path, ['v5.channel.k8s.io']);
  let bytes = 0;
  let hasStatus = false;
  socket.on('message', (data: Buffer) => {
    if (data[0] === 1) bytes += data.length - 1;
    if (data[0] === 3) hasStatus = true;
  });
  socket.on('error', () => undefined);
  const closed = once(socket, 'close').then(([code]) => code);
  const code = await Promise.race([
    closed,
    new Promise((resolve) => setTimeout(resolve, patience, 'open')),
  ]);
  socket.terminate();
  return { bytes, hasStatus, code };
}

test('requests are refused as often as asked', async () => {
  annotate({ 'netdebug.test/answer': '429 2' });
  const codes = [];
  for (let count = 0; count < 3; count += 1) codes.push((await server.call(PODS)).status);
  expect(codes).toEqual([429, 429, 200]);
});

test('a stream is cut', async () => {
  annotate({ 'netdebug.test/cut-after': '50000' });
  const { bytes, hasStatus, code } = await read('head -c 1000000 /dev/zero');
  expect(bytes).toBeLessThanOrEqual(50_000);
  expect([hasStatus, code]).toEqual([false, 1006]);
});

test('a stream stalls', async () => {
  annotate({ 'netdebug.test/stall-after': '50000' });
  const { hasStatus, code } = await read('head -c 1000000 /dev/zero', 500);
  expect([hasStatus, code]).toEqual([false, 'open']);
});

test('a stream ends without saying how', async () => {
  annotate({ 'netdebug.test/no-status': 'true' });
  expect(await read('echo hi')).toEqual({ bytes: 3, hasStatus: false, code: 1000 });
});

test('watches expire', async () => {
  const watching = server.call(
    `${PODS}?watch=true&resourceVersion=${server.store.resourceVersion}`,
  );
  await new Promise((resolve) => setTimeout(resolve, 200));
  annotate({ 'netdebug.test/expire-watches': '1' });
  expect((await watching).text).toContain('"reason":"Expired","code":410');
});
