import { afterAll, beforeAll, expect, test } from 'vitest';
import { type JsonObject, objectAt } from './json.ts';
import { startTestServer, type TestServer } from './testServer.ts';

let server: TestServer;

beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

let namespaces = 0;

/** A new namespace with a LimitRange or ResourceQuota in it. */
async function namespaceWith(resource: string, spec: JsonObject): Promise<string> {
  namespaces += 1;
  const name = `limited-${namespaces}`;
  await server.call('/api/v1/namespaces', { method: 'POST', body: { metadata: { name } } });
  const body = { metadata: { name: 'bounds' }, spec };
  const path = `/api/v1/namespaces/${name}/${resource}`;
  expect((await server.call(path, { method: 'POST', body })).status).toBe(201);
  return name;
}

async function createPod(namespace: string, name: string, resources: JsonObject = {}) {
  const containers = [{ name: 'main', image: 'nginx:1.27', resources }];
  const body = { metadata: { name }, spec: { containers } };
  const answer = await server.call(`/api/v1/namespaces/${namespace}/pods`, {
    method: 'POST',
    body,
  });
  const pod = objectAt(answer.body);
  return { code: answer.status, message: pod.message, pod };
}

async function createService(namespace: string, name: string) {
  const body = { metadata: { name }, spec: { ports: [{ port: 80 }] } };
  const path = `/api/v1/namespaces/${namespace}/services`;
  const answer = await server.call(path, { method: 'POST', body });
  return { code: answer.status, body: objectAt(answer.body) };
}

test('a LimitRange sets defaults, and records them on the pod', async () => {
  const namespace = await namespaceWith('limitranges', {
    limits: [
      {
        type: 'Container',
        default: { cpu: '500m', 'ephemeral-storage': '64Mi' },
        defaultRequest: { cpu: '100m' },
      },
    ],
  });
  const { pod } = await createPod(namespace, 'plain');
  expect(objectAt(pod.spec).containers).toMatchObject([
    {
      resources: {
        limits: { cpu: '500m', 'ephemeral-storage': '64Mi' },
        requests: { cpu: '100m', 'ephemeral-storage': '64Mi' },
      },
    },
  ]);
  expect(objectAt(pod.metadata).annotations).toEqual({
    'kubernetes.io/limit-ranger':
      'LimitRanger plugin set: cpu, ephemeral-storage request for container main; cpu, ephemeral-storage limit for container main',
  });
  expect(objectAt(pod.status).qosClass).toBe('Burstable');
});

test.each([
  [
    { limits: [{ type: 'Container', max: { cpu: '1' } }] },
    { limits: { cpu: '1500m' } },
    'maximum cpu usage per Container is 1, but limit is 1500m',
  ],
  [
    { limits: [{ type: 'Container', min: { memory: '64Mi' } }] },
    { limits: { memory: '32Mi' } },
    'minimum memory usage per Container is 64Mi, but request is 32Mi',
  ],
  [
    { limits: [{ type: 'Pod', max: { 'ephemeral-storage': '1Gi' } }] },
    {},
    'maximum ephemeral-storage usage per Pod is 1Gi.  No limit is specified',
  ],
  [
    { limits: [{ type: 'Pod', min: { cpu: '200m' }, max: { memory: '1Gi' } }] },
    { limits: { cpu: '100m', memory: '2Gi' } },
    '[minimum cpu usage per Pod is 200m, but request is 100m, maximum memory usage per Pod is 1Gi, but limit is 2Gi]',
  ],
])('a LimitRange rejects values outside of it', async (spec, resources, why) => {
  const namespace = await namespaceWith('limitranges', spec);
  const { code, message } = await createPod(namespace, 'odd', resources);
  expect([code, message]).toEqual([403, `pods "odd" is forbidden: ${why}`]);
});

test('neither applies to ephemeral containers', async () => {
  const namespace = await namespaceWith('limitranges', {
    limits: [{ type: 'Container', max: { cpu: '100m' }, min: { cpu: '50m' } }],
  });
  const spec = { hard: { 'limits.cpu': '100m', pods: '1' } };
  const path = `/api/v1/namespaces/${namespace}`;
  const body = { metadata: { name: 'quota' }, spec };
  await server.call(`${path}/resourcequotas`, { method: 'POST', body });
  expect((await createPod(namespace, 'full')).code).toBe(201);
  const ephemeralContainers = [{ name: 'debugger', image: 'busybox:1.36' }];
  const answer = await server.call(`${path}/pods/full/ephemeralcontainers`, {
    method: 'PATCH',
    contentType: 'application/strategic-merge-patch+json',
    body: { spec: { ephemeralContainers } },
  });
  expect(answer.status).toBe(200);
  const [added] = [objectAt(objectAt(answer.body).spec).ephemeralContainers].flat();
  expect(objectAt(added).resources).toEqual({});
});

test('a quota rejects what would exceed it, and does not count finished pods', async () => {
  const hard = { pods: '2', 'requests.memory': '256Mi', 'limits.ephemeral-storage': '1Gi' };
  const namespace = await namespaceWith('resourcequotas', { hard });
  const resources = {
    requests: { memory: '192Mi' },
    limits: { memory: '1Gi', 'ephemeral-storage': '512Mi' },
  };
  expect((await createPod(namespace, 'one', resources)).code).toBe(201);
  const { code, message } = await createPod(namespace, 'two', resources);
  expect([code, message]).toEqual([
    403,
    'pods "two" is forbidden: exceeded quota: bounds, requested: requests.memory=192Mi, used: requests.memory=192Mi, limited: requests.memory=256Mi',
  ]);
  server.store.update('pods', namespace, 'one', (pod) => ({ ...pod, status: { phase: 'Failed' } }));
  expect((await createPod(namespace, 'two', resources)).code).toBe(201);
});

test('a quota of compute resources requires every container to specify them', async () => {
  const hard = { 'limits.cpu': '1', 'requests.memory': '1Gi', 'ephemeral-storage': '1Gi' };
  const namespace = await namespaceWith('resourcequotas', { hard });
  const { code, message } = await createPod(namespace, 'silent');
  expect([code, message]).toEqual([
    403,
    'pods "silent" is forbidden: failed quota: bounds: must specify limits.cpu for: main; requests.memory for: main',
  ]);
});

test('a quota also counts other objects', async () => {
  const namespace = await namespaceWith('resourcequotas', { hard: { services: '1' } });
  expect((await createService(namespace, 'one')).code).toBe(201);
  const { code, body } = await createService(namespace, 'two');
  expect([code, body.message]).toEqual([
    403,
    'services "two" is forbidden: exceeded quota: bounds, requested: services=1, used: services=1, limited: services=1',
  ]);
});

test('services get different addresses', async () => {
  const namespace = await namespaceWith('resourcequotas', { hard: {} });
  const addresses = await Promise.all(
    ['one', 'two'].map(async (name) =>
      String(objectAt((await createService(namespace, name)).body.spec).clusterIP),
    ),
  );
  expect(new Set(addresses).size).toBe(2);
  for (const address of addresses) expect(address).toMatch(/^10\.96\.\d+\.\d+$/);
});
