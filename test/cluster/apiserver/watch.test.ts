import { afterAll, beforeAll, expect, test } from 'vitest';
import { objectAt, objectsAt, stringAt } from './json.ts';
import { recording } from './recording.ts';
import { createRunningPod } from './testPods.ts';
import { startTestServer, type TestServer } from './testServer.ts';

const PODS = '/api/v1/namespaces/shop/pods';

let server: TestServer;

beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

/** The events of a watch that ends by itself after a second, as `TYPE name`. */
async function watchOneSecond(query: string, meanwhile: () => Promise<void>): Promise<string[]> {
  const [answer] = await Promise.all([
    server.call(`${PODS}?watch=true&timeoutSeconds=1&${query}`),
    new Promise((resolve) => setTimeout(resolve, 100)).then(meanwhile),
  ]);
  return answer.text
    .trim()
    .split('\n')
    .filter(Boolean)
    .map((line) => {
      const { type, object } = objectAt(JSON.parse(line));
      const metadata = objectAt(objectAt(object).metadata);
      const marks = Object.keys(objectAt(metadata.annotations));
      return [stringAt(type), stringAt(metadata.name), ...marks].filter(Boolean).join(' ');
    });
}

test('a version that is too old is reported as recorded', async () => {
  const { oldest } = /\((?<oldest>\d+)\)/.exec(
    (await server.call(`${PODS}?watch=true&resourceVersion=3`)).text,
  )?.groups ?? { oldest: '' };
  const answer = await server.call(`${PODS}?watch=true&resourceVersion=3`);
  const [chunk] = [recording('watch-expired-410').chunks]
    .flat(2)
    .filter((c) => typeof c === 'string');
  expect(answer.status).toBe(200);
  expect(answer.text).toBe(String(chunk).replace('1 (1804)', `3 (${oldest})`));
});

test('initial events end with their bookmark, as recorded', async () => {
  const query = 'allowWatchBookmarks=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan';
  const events = await watchOneSecond(query, () =>
    createRunningPod(server, { namespace: 'shop', name: 'web-7' }),
  );
  expect(events).toEqual([
    'BOOKMARK k8s.io/initial-events-end',
    'ADDED web-7',
    'MODIFIED web-7',
    'BOOKMARK',
  ]);
});

test('a watch continues from a list, and sees a deletion', async () => {
  const list = objectAt((await server.call(PODS)).body);
  const version = objectAt(list.metadata).resourceVersion;
  await createRunningPod(server, { namespace: 'shop', name: 'web-8' });
  const events = await watchOneSecond(`resourceVersion=${version}`, async () => {
    server.store.remove('pods', 'shop', 'web-8');
  });
  expect(events).toEqual(['ADDED web-8', 'MODIFIED web-8', 'DELETED web-8']);
});

test('objects that leave or enter the selection are deleted or added', async () => {
  const label = (tier: string | null) =>
    server.call(`${PODS}/web-7`, {
      method: 'PATCH',
      contentType: 'application/merge-patch+json',
      body: { metadata: { labels: { tier } } },
    });
  const events = await watchOneSecond('labelSelector=tier%3Ddb', async () => {
    await label('db');
    await label(null);
  });
  expect(events).toEqual(['ADDED web-7', 'DELETED web-7']);
});

test('kubectl get -w receives tables', async () => {
  const answer = await server.call(`${PODS}?watch=true&timeoutSeconds=1`, {
    accept: 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json',
  });
  const { type, object } = objectAt(JSON.parse(answer.text.split('\n')[0] ?? ''));
  expect(type).toBe('ADDED');
  expect(objectsAt(objectAt(object).rows)).toHaveLength(1);
});
