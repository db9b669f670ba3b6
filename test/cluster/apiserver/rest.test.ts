import { afterAll, beforeAll, expect, test } from 'vitest';
import { isObject, objectAt, objectsAt } from './json.ts';
import { recording, renamed } from './recording.ts';
import { createRunningPod } from './testPods.ts';
import { startTestServer, type TestServer } from './testServer.ts';

const names = { a: 'web-7', rec: 'shop', main: 'app' };
const PODS = '/api/v1/namespaces/shop/pods';
const TABLE = 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json';

let server: TestServer;

beforeAll(async () => {
  server = await startTestServer();
  await createRunningPod(server, { namespace: 'shop', name: 'web-7' });
});
afterAll(() => server.close());

test.each([
  ['/version', 'version'],
  ['/readyz', 'readyz'],
])('%s is as recorded', async (path, name) => {
  expect((await server.call(path)).body).toEqual(recording(name).body);
});

test.each([
  ['/api/v1', 'api-v1'],
  ['/apis/apps/v1', 'apis-apps-v1'],
])('the discovery of %s is as recorded', async (path, name) => {
  const byName = new Map(
    objectsAt(objectAt(recording(name).body).resources).map((resource) => {
      const { storageVersionHash: _hash, ...rest } = resource;
      return [rest.name, rest];
    }),
  );
  const own = objectsAt(objectAt((await server.call(path)).body).resources);
  expect(own.length).toBeGreaterThan(4);
  for (const resource of own) expect(resource).toEqual(byName.get(resource.name));
});

test('a missing pod', async () => {
  const answer = await server.call(`${PODS}/gone`);
  const recorded = recording('pod-get-404');
  expect([answer.status, answer.body]).toEqual([404, renamed(recorded.body, { nope: 'gone' })]);
});

test('the log of a container that does not exist', async () => {
  const answer = await server.call(`${PODS}/web-7/log?container=other`);
  const recorded = recording('log-404');
  expect([answer.status, answer.body]).toEqual([
    recorded.status,
    renamed(recorded.body, { ...names, nope: 'other' }),
  ]);
});

test('a new pod gets the recorded defaults', async () => {
  const answer = await server.call(PODS, {
    method: 'POST',
    body: {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'new', labels: { app: 'rec' } },
      spec: {
        terminationGracePeriodSeconds: 1,
        containers: [
          {
            name: 'app',
            image: 'nicolaka/netshoot:v0.13',
            command: ['sleep', '3600'],
          },
        ],
      },
    },
  });
  const recorded = objectAt(renamed(recording('pod-create').body, names));
  expect(answer.status).toBe(201);
  expect(comparable(answer.body)).toEqual(comparable(recorded));
});

// The token volume has a random name, and the recorded cluster mounts one more volume.
function comparable(pod: unknown): unknown {
  const { spec, status } = objectAt(pod);
  const text = JSON.stringify({ spec, status })
    .replaceAll(/kube-api-access-\w{5}/g, 'kube-api-access')
    .replace(/,\{"configMap":\{"name":"openshift[^}]*\}\]\}\}/, '');
  return JSON.parse(text);
}

test('a pod without a node is deleted at once, another one after its grace period', async () => {
  expect((await server.call(`${PODS}/new`, { method: 'DELETE' })).status).toBe(200);
  expect((await server.call(`${PODS}/new`)).status).toBe(404);
  const before = objectAt(objectAt((await server.call(`${PODS}/web-7`)).body).metadata);
  const answer = await server.call(`${PODS}/web-7`, { method: 'DELETE' });
  const metadata = objectAt(objectAt(answer.body).metadata);
  const recorded = objectAt(objectAt(recording('pod-delete').body).metadata);
  expect(metadata.deletionGracePeriodSeconds).toBe(recorded.deletionGracePeriodSeconds);
  expect(metadata.generation).toBe(Number(before.generation) + 1);
  expect((await server.call(`${PODS}/web-7`)).status).toBe(200);
  expect(
    (await server.call(`${PODS}/web-7?gracePeriodSeconds=0`, { method: 'DELETE' })).status,
  ).toBe(200);
  expect((await server.call(`${PODS}/web-7`)).status).toBe(404);
});

test('pods as shown by kubectl get', async () => {
  await createRunningPod(server, { namespace: 'tables', name: 'web-7' });
  const answer = await server.call('/api/v1/namespaces/tables/pods', { accept: TABLE });
  const recorded = objectAt(recording('pod-get-table').body);
  const table = objectAt(answer.body);
  expect(table.columnDefinitions).toEqual(recorded.columnDefinitions);
  const [row] = objectsAt(table.rows);
  const [recordedRow] = objectsAt(recorded.rows);
  const cells = (value: unknown) => (Array.isArray(value) ? value.toSpliced(4, 1) : []);
  expect(cells(row?.cells)).toEqual(renamed(cells(recordedRow?.cells), names));
  expect(isObject(row?.object) && row.object.kind).toBe('PartialObjectMetadata');
});

test('selectors filter', async () => {
  await createRunningPod(server, { namespace: 'choice', name: 'one' });
  await createRunningPod(server, { namespace: 'choice', name: 'two' });
  await server.call('/api/v1/namespaces/choice/pods/two', {
    method: 'PATCH',
    contentType: 'application/merge-patch+json',
    body: { metadata: { labels: { tier: 'db' } } },
  });
  const chosen = async (query: string) => {
    const answer = await server.call(`/api/v1/namespaces/choice/pods?${query}`);
    return objectsAt(objectAt(answer.body).items).map((pod) => objectAt(pod.metadata).name);
  };
  const label = (text: string) => chosen(`labelSelector=${encodeURIComponent(text)}`);
  const field = (text: string) => chosen(`fieldSelector=${encodeURIComponent(text)}`);
  expect(await label('tier')).toEqual(['two']);
  expect(await label('!tier')).toEqual(['one']);
  expect(await label('app=rec,tier!=db')).toEqual(['one']);
  expect(await label('tier in (web, db)')).toEqual(['two']);
  expect(await label('tier notin (web),app')).toEqual(['one', 'two']);
  expect(await field('metadata.name=one')).toEqual(['one']);
  expect(await field('spec.nodeName=node-1,status.phase!=Running')).toEqual([]);
  const wrong = await server.call('/api/v1/namespaces/choice/pods?fieldSelector=spec.x%3D1');
  expect(objectAt(wrong.body).message).toBe('field label not supported: spec.x');
});

test('a long list is returned in pages', async () => {
  const first = objectAt((await server.call('/api/v1/namespaces?limit=2')).body);
  const { continue: token, remainingItemCount } = objectAt(first.metadata);
  const second = objectAt((await server.call(`/api/v1/namespaces?continue=${token}`)).body);
  expect(objectsAt(first.items)).toHaveLength(2);
  expect(objectsAt(second.items)).toHaveLength(Number(remainingItemCount));
});

test('a stale version causes a conflict', async () => {
  const path = '/api/v1/namespaces/choice/pods/one';
  const pod = objectAt((await server.call(path)).body);
  const stale = { ...pod, metadata: { ...objectAt(pod.metadata), resourceVersion: '7' } };
  const answer = await server.call(path, { method: 'PUT', body: stale });
  expect(answer.status).toBe(409);
  expect(objectAt(answer.body).message).toBe(
    'Operation cannot be fulfilled on pods "one": the object has been modified; please apply your changes to the latest version and try again',
  );
});

test('a namespace is deleted with its pods, and nothing new is accepted in the meantime', async () => {
  const path = '/api/v1/namespaces/choice';
  expect((await server.call(path, { method: 'DELETE' })).status).toBe(200);
  const late = await server.call(`${path}/configmaps`, {
    method: 'POST',
    body: { metadata: { name: 'late' } },
  });
  expect(objectAt(late.body).message).toBe(
    'configmaps "late" is forbidden: unable to create new content in namespace choice because it is being terminated',
  );
  for (const pod of ['one', 'two']) server.store.remove('pods', 'choice', pod);
  expect((await server.call(path)).status).toBe(404);
});
