import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { objectAt, objectsAt } from './json.ts';
import { recording, renamed } from './recording.ts';
import { createRunningPod, debuggerContainer } from './testPods.ts';
import { type Answer, startTestServer, type TestServer } from './testServer.ts';

const STRATEGIC = 'application/strategic-merge-patch+json';
const names = { a: 'web-7', rec: 'shop', main: 'app', dbg: 'looker', p: 'cart-0' };

let server: TestServer;

beforeAll(async () => {
  server = await startTestServer();
  await createRunningPod(server, { namespace: 'shop', name: 'web-7' });
});
afterAll(() => server.close());

function patch(
  ephemeralContainers: readonly unknown[],
  { pod = 'web-7', namespace = 'shop', query = '', user = 'admin-token' } = {},
): Promise<Answer> {
  return server.call(`/api/v1/namespaces/${namespace}/pods/${pod}/ephemeralcontainers${query}`, {
    method: 'PATCH',
    contentType: STRATEGIC,
    body: { spec: { ephemeralContainers } },
    user,
  });
}

function expectRecorded(answer: Answer, name: string, more: Record<string, string> = {}): void {
  const recorded = recording(name);
  expect(answer.status).toBe(recorded.status);
  expect(answer.body).toEqual(renamed(recorded.body, { ...names, ...more }));
}

test('a debugger is added with its defaults, and increases the generation', async () => {
  const answer = await patch([debuggerContainer('looker', 'app')]);
  const recorded = objectAt(renamed(recording('ephemeral-patch-ok').body, names));
  expect(answer.status).toBe(200);
  const body = objectAt(answer.body);
  expect(objectAt(body.spec).ephemeralContainers).toEqual(
    objectAt(recorded.spec).ephemeralContainers,
  );
  expect(objectAt(body.metadata).generation).toBe(2);
});

describe('refusals are worded as recorded', () => {
  const good = debuggerContainer('second', 'app');
  const cases: [
    name: string,
    container: Record<string, unknown>,
    names?: Record<string, string>,
  ][] = [
    ['bad-name-422', { ...good, name: 'Bad.Name' }, { Bad_Name: 'Bad.Name' }],
    ['bad-target-422', { ...good, targetContainerName: 'other' }, { nope: 'other' }],
    ['name-clash-422', { ...good, name: 'app' }],
    ['ports-forbidden-422', { ...good, ports: [{ containerPort: 80 }] }],
    ['resources-forbidden-422', { ...good, resources: { limits: { cpu: '1' } } }],
    [
      'change-existing-422',
      { ...debuggerContainer('looker', 'app'), image: 'nicolaka/netshoot:latest' },
    ],
  ];
  test.each(cases)('%s', async (name, container, more) => {
    expectRecorded(await patch([container]), `ephemeral-${name}`, more);
  });

  test('no-image-422', async () => {
    const { image: _image, ...without } = good;
    expectRecorded(await patch([without]), 'ephemeral-no-image-422');
  });

  test('several errors at once are listed together', async () => {
    const answer = await patch([{ ...good, image: '', ports: [{ containerPort: 1 }] }]);
    expect(objectAt(answer.body).message).toBe(
      'Pod "web-7" is invalid: [spec.ephemeralContainers[0].image: Required value, spec.ephemeralContainers[0].ports: Forbidden: cannot be set for an Ephemeral Container]',
    );
  });

  test('pod-404', async () => {
    const answer = await patch([good], { pod: 'missing' });
    expectRecorded(answer, 'ephemeral-pod-404', { nope: 'missing' });
  });

  test('static pods', async () => {
    await createRunningPod(server, {
      namespace: 'shop',
      name: 'etcd-node-1',
      annotations: { 'kubernetes.io/config.mirror': 'x' },
    });
    const answer = await patch([good], { pod: 'etcd-node-1' });
    expectRecorded(answer, 'ephemeral-static-pod', { 'static-node-1': 'etcd-node-1' });
  });

  test('without permission', async () => {
    const answer = await patch([good], { user: 'nobody' });
    expectRecorded(answer, 'rbac-ephemeral-403', { 'nobody@example.com': 'nobody' });
  });

  test('by the simulated admission webhook', async () => {
    await createRunningPod(server, { namespace: 'closed', name: 'x' });
    server.store.update('namespaces', undefined, 'closed', (namespace) => {
      namespace.metadata.annotations = { 'netdebug.test/deny': 'no debugging on Fridays' };
      return namespace;
    });
    const answer = await patch([debuggerContainer('d', 'app')], { pod: 'x', namespace: 'closed' });
    expect(answer.status).toBe(403);
    expect(objectAt(answer.body).message).toBe(
      'admission webhook "deny.netdebug.test" denied the request: no debugging on Fridays',
    );
  });
});

describe('unknown fields', () => {
  test('cause a warning by default', async () => {
    const answer = await patch([{ ...debuggerContainer('x5', 'app'), bogusField: 1 }]);
    const recorded = recording('ephemeral-unknown-field');
    expect(answer.status).toBe(200);
    expect(answer.headers.warning).toBe(objectAt(recorded.headers).warning);
    expect(answer.text).not.toContain('bogusField');
  });

  test('are ignored on request', async () => {
    const container = { ...debuggerContainer('x8', 'app'), bogusField: 1 };
    const answer = await patch([container], { query: '?fieldValidation=Ignore&dryRun=All' });
    expect([answer.status, answer.headers.warning]).toEqual([200, undefined]);
  });

  test('are rejected with strict validation', async () => {
    const container = { ...debuggerContainer('x7', 'app'), bogusField: 1 };
    const answer = await patch([container], { query: '?fieldValidation=Strict' });
    expectRecorded(answer, 'ephemeral-strict-unknown-field', { x6: 'x7' });
  });
});

test('a new debugger comes before the older ones', async () => {
  const answer = await patch([debuggerContainer('newest', 'app')]);
  const containers = objectsAt(objectAt(objectAt(answer.body).spec).ephemeralContainers);
  expect(containers.map(({ name }) => name)).toEqual(['newest', 'x5', 'looker']);
});

describe('other kinds of patches', () => {
  const change = (contentType: string, body: unknown) =>
    server.call('/api/v1/namespaces/shop/pods/patched/ephemeralcontainers', {
      method: 'PATCH',
      contentType,
      body,
    });
  const namesIn = ({ body }: Answer) =>
    objectsAt(objectAt(objectAt(body).spec).ephemeralContainers).map(({ name }) => name);
  const first = debuggerContainer('first', 'app');
  const second = debuggerContainer('second', 'app');

  beforeAll(() => createRunningPod(server, { namespace: 'shop', name: 'patched' }));

  test('a JSON patch creates the list, and adds to it', async () => {
    const list = { op: 'add', path: '/spec/ephemeralContainers', value: [first] };
    expect(namesIn(await change('application/json-patch+json', [list]))).toEqual(['first']);
    const end = { op: 'add', path: '/spec/ephemeralContainers/-', value: second };
    const answer = await change('application/json-patch+json', [end]);
    expect(namesIn(answer)).toEqual(['first', 'second']);
  });

  test('a merge patch replaces the whole list, so an omitted container counts as removed', async () => {
    const only = [debuggerContainer('third', 'app')];
    const merge = 'application/merge-patch+json';
    const refused = await change(merge, { spec: { ephemeralContainers: only } });
    expect(refused.status).toBe(422);
    expect(objectAt(refused.body).message).toBe(
      'Pod "patched" is invalid: [spec.ephemeralContainers: Forbidden: existing ephemeral containers "first" may not be removed\n, spec.ephemeralContainers: Forbidden: existing ephemeral containers "second" may not be removed\n]',
    );
    const all = [first, second, ...only];
    const answer = await change(merge, { spec: { ephemeralContainers: all } });
    expect(namesIn(answer)).toEqual(['first', 'second', 'third']);
  });

  test('of another part of the pod changes nothing', async () => {
    const labels = { metadata: { labels: { new: 'label' } } };
    const answer = await change('application/merge-patch+json', labels);
    expect(answer.status).toBe(200);
    expect(answer.text).not.toContain('"new":"label"');
  });
});

test('an existing debugger cannot be removed', async () => {
  const path = '/api/v1/namespaces/shop/pods/web-7';
  const pod = objectAt((await server.call(path)).body);
  const spec = objectAt(pod.spec);
  const answer = await server.call(`${path}/ephemeralcontainers`, {
    method: 'PUT',
    body: { ...pod, spec: { ...spec, ephemeralContainers: [] } },
  });
  expect(answer.status).toBe(422);
  expect(objectAt(answer.body).message).toContain('may not be removed');
});

describe('Pod Security', () => {
  test.each(['baseline', 'restricted'])('%s', async (level) => {
    const namespace = `guarded-${level}`;
    await createRunningPod(server, {
      namespace,
      name: 'cart-0',
      spec: {
        securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
        containers: [
          {
            name: 'app',
            image: 'nginx:1',
            securityContext: {
              allowPrivilegeEscalation: false,
              capabilities: { drop: ['ALL'] },
            },
          },
        ],
      },
    });
    server.store.update('namespaces', undefined, namespace, (object) => {
      object.metadata.labels = { 'pod-security.kubernetes.io/enforce': level };
      return object;
    });
    const answer = await patch([debuggerContainer('looker', 'app')], {
      pod: 'cart-0',
      namespace,
    });
    expectRecorded(answer, `ephemeral-psa-${level}`, { 'rec-dbg': 'looker' });
  });
});
