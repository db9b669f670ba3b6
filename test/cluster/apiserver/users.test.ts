import { afterAll, beforeAll, expect, test } from 'vitest';
import { objectAt } from './json.ts';
import { createRunningPod } from './testPods.ts';
import { startTestServer, type TestServer } from './testServer.ts';

let server: TestServer;

beforeAll(async () => {
  server = await startTestServer();
  await createRunningPod(server, { namespace: 'default', name: 'pod-1' });
  await createRunningPod(server, { namespace: 'default', name: 'pod-2' });
});
afterAll(() => server.close());

const questions: readonly (readonly [verb: string, resource: string, subresource?: string])[] = [
  ['list', 'pods'],
  ['patch', 'pods', 'ephemeralcontainers'],
  ['get', 'pods', 'exec'],
  ['create', 'pods', 'exec'],
  ['create', 'pods'],
  ['get', 'nodes'],
];

test.each([
  ['nobody', [], []],
  ['viewer', ['list', 'get nodes'], ['list', 'get nodes']],
  [
    'debugger',
    ['list', 'patch', 'get exec', 'create exec', 'get nodes'],
    ['list', 'patch', 'get exec', 'create exec', 'get nodes'],
  ],
  ['debugger-default', ['list', 'patch', 'get exec', 'create exec', 'get nodes'], []],
  [
    'bare-debugger',
    ['list', 'patch', 'get exec', 'create exec'],
    ['list', 'patch', 'get exec', 'create exec'],
  ],
  [
    'no-patch',
    ['list', 'get exec', 'create exec', 'get nodes'],
    ['list', 'get exec', 'create exec', 'get nodes'],
  ],
  [
    'exec-get',
    ['list', 'patch', 'get exec', 'get nodes'],
    ['list', 'patch', 'get exec', 'get nodes'],
  ],
  [
    'node-debugger',
    ['list', 'get exec', 'create exec', 'create', 'get nodes'],
    ['list', 'get exec', 'create exec', 'create', 'get nodes'],
  ],
  [
    'editor',
    ['list', 'get exec', 'create exec', 'create'],
    ['list', 'get exec', 'create exec', 'create'],
  ],
  ['namespace-admin', ['list', 'get exec', 'create exec', 'create'], []],
])('%s', async (user, inDefault, elsewhere) => {
  expect(await rights(user, 'default')).toEqual(inDefault);
  expect(await rights(user, 'other')).toEqual(elsewhere);
});

test('one-pod may access that pod, and no other', async () => {
  const get = (path: string) =>
    server.call(`/api/v1/namespaces/default/pods${path}`, { user: 'one-pod' });
  expect((await get('/pod-1')).status).toBe(200);
  expect((await get('/pod-2')).status).toBe(403);
  expect((await get('')).status).toBe(403);
});

test('impersonator may impersonate everybody', async () => {
  const headers = { 'impersonate-user': 'debugger' };
  const path = '/api/v1/namespaces/default/pods';
  expect((await server.call(path, { user: 'impersonator' })).status).toBe(403);
  expect((await server.call(path, { user: 'impersonator', headers })).status).toBe(200);
});

/** The allowed ones of these questions: `list`, `patch`, `get exec` …. */
async function rights(user: string, namespace: string): Promise<string[]> {
  const allowed: string[] = [];
  for (const [verb, resource, subresource] of questions) {
    const resourceAttributes = { namespace, verb, resource, subresource };
    const answer = await server.call('/apis/authorization.k8s.io/v1/selfsubjectaccessreviews', {
      method: 'POST',
      user,
      body: { spec: { resourceAttributes } },
    });
    if (objectAt(objectAt(answer.body).status).allowed !== true) continue;
    const what = [subresource, resource].find((part) => part === 'exec' || part === 'nodes');
    allowed.push(what ? `${verb} ${what}` : verb);
  }
  return allowed;
}
