import { once } from 'node:events';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { objectAt, objectsAt, stringAt } from './json.ts';
import { createRunningPod } from './testPods.ts';
import { startTestServer, type TestServer } from './testServer.ts';

const PODS = '/api/v1/namespaces/crowd/pods';
const MANY_PODS = 1000;
const MANY_WATCHES = 50;
const MANY_STREAMS = 100;
/** Server and clients together, in this process. Measured: about 230 MiB. */
const MEMORY_LIMIT = 600 * 1024 * 1024;

let server: TestServer;
let memoryBefore: number;

beforeAll(async () => {
  server = await startTestServer();
  await server.call('/api/v1/namespaces', {
    method: 'POST',
    body: { metadata: { name: 'crowd' } },
  });
  memoryBefore = process.memoryUsage().rss;
});
afterAll(() => server.close());

/** The number of events of each kind among the first events, one for each pod. */
async function watch(): Promise<Record<string, number>> {
  const { text } = await server.call(`${PODS}?watch=true`, { lines: MANY_PODS });
  const counts: Record<string, number> = {};
  for (const line of text.split('\n').filter(Boolean)) {
    const type = stringAt(objectAt(JSON.parse(line)).type);
    counts[type] = (counts[type] ?? 0) + 1;
  }
  return counts;
}

async function createPod(index: number): Promise<number> {
  const { status } = await server.call(PODS, {
    method: 'POST',
    body: {
      metadata: {
        name: `pod-${String(index).padStart(4, '0')}`,
        labels: { even: `${index % 2 === 0}` },
      },
      // This node has no kubelet, so the pods do not change.
      spec: { nodeName: 'nowhere', containers: [{ name: 'app', image: 'nginx:1' }] },
    },
  });
  return status;
}

test('a thousand pods, watched by fifty clients', { timeout: 40_000 }, async () => {
  const watches = Array.from({ length: MANY_WATCHES }, () => watch());
  await wait(300);
  const codes = new Set<number>();
  for (let index = 0; index < MANY_PODS; index += 20) {
    const twenty = Array.from({ length: 20 }, (_, offset) => createPod(index + offset));
    for (const code of await Promise.all(twenty)) codes.add(code);
  }
  expect([...codes]).toEqual([201]);
  for (const watch of await Promise.all(watches)) {
    expect(watch).toEqual({ ADDED: MANY_PODS });
  }
});

test('a thousand pods, listed in pieces and by label', async () => {
  const names: string[] = [];
  let token = '';
  do {
    const { body } = await server.call(`${PODS}?limit=300&continue=${token}`);
    const list = objectAt(body);
    names.push(...objectsAt(list.items).map((pod) => stringAt(objectAt(pod.metadata).name)));
    token = stringAt(objectAt(list.metadata).continue);
  } while (token);
  expect(names).toHaveLength(MANY_PODS);
  expect(new Set(names).size).toBe(MANY_PODS);
  const { body } = await server.call(`${PODS}?labelSelector=even%3Dtrue`);
  expect(objectsAt(objectAt(body).items)).toHaveLength(MANY_PODS / 2);
});

test('a hundred exec streams at the same time', { timeout: 30_000 }, async () => {
  await createRunningPod(server, { namespace: 'crowd', name: 'busy' });
  const path = `${PODS}/busy/exec?container=app&stdin=true&stdout=true&command=cat`;
  const sockets = await Promise.all(
    Array.from({ length: MANY_STREAMS }, async () => {
      const socket = await server.websocket(path, ['v5.channel.k8s.io']);
      let text = '';
      socket.on('message', (data: Buffer) => {
        if (data[0] === 1) text += data.toString('utf8', 1);
      });
      await once(socket, 'open');
      return { socket, text: () => text };
    }),
  );
  // All streams are open. None may receive the data of another.
  for (const [index, { socket }] of sockets.entries()) {
    socket.send(Buffer.from(`\0words of ${index}`));
    socket.send(Buffer.from([255, 0]));
  }
  await Promise.all(sockets.map(({ socket }) => once(socket, 'close')));
  expect(sockets.map(({ text }) => text())).toEqual(sockets.map((_, index) => `words of ${index}`));
  expect(process.memoryUsage().rss - memoryBefore).toBeLessThan(MEMORY_LIMIT);
});
