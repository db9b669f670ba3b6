import { afterAll, beforeAll, expect, test } from 'vitest';
import { type JsonObject, objectAt, objectsAt, stringAt } from '../apiserver/json.ts';
import { recording } from '../apiserver/recording.ts';
import { startTestServer, type TestServer } from '../apiserver/testServer.ts';
import { startScheduler } from '../scheduler.ts';
import type { KubeObject } from '../store.ts';
import { startControllers } from './controllers.ts';
import { setPod, startFakeKubelet } from './fakeKubelet.ts';

let server: TestServer;
const ends: (() => void)[] = [];

beforeAll(async () => {
  server = await startTestServer();
  for (const name of ['node-1', 'node-2']) {
    const labels = { 'kubernetes.io/hostname': name };
    server.store.create('nodes', { apiVersion: 'v1', kind: 'Node', metadata: { name, labels } });
  }
  ends.push(
    startScheduler(server.store),
    startFakeKubelet(server.store),
    startControllers(server.store),
  );
});
afterAll(async () => {
  for (const end of ends) end();
  await server.close();
});

const containers = [
  {
    name: 'nginx',
    image: 'nginx:1.27',
    imagePullPolicy: 'IfNotPresent',
    ports: [{ containerPort: 80 }],
  },
];

const collections: Readonly<Record<string, string>> = {
  Deployment: '/apis/apps/v1/namespaces/NS/deployments',
  ReplicaSet: '/apis/apps/v1/namespaces/NS/replicasets',
  StatefulSet: '/apis/apps/v1/namespaces/NS/statefulsets',
  DaemonSet: '/apis/apps/v1/namespaces/NS/daemonsets',
  Job: '/apis/batch/v1/namespaces/NS/jobs',
  CronJob: '/apis/batch/v1/namespaces/NS/cronjobs',
  Service: '/api/v1/namespaces/NS/services',
  ResourceQuota: '/api/v1/namespaces/NS/resourcequotas',
};

function pathOf(kind: string, namespace: string, name = ''): string {
  const path = collections[kind]?.replace('NS', namespace) ?? '';
  return name ? `${path}/${name}` : path;
}

/** Creates a namespace and an object in it with the same name. */
async function create(kind: string, name: string, spec: JsonObject): Promise<JsonObject> {
  await server.call('/api/v1/namespaces', { method: 'POST', body: { metadata: { name } } });
  const metadata = { name, labels: { app: name } };
  const body = { kind, metadata, spec };
  const answer = await server.call(pathOf(kind, name), { method: 'POST', body });
  expect(answer.status, answer.text).toBe(201);
  return objectAt(answer.body);
}

function patch(kind: string, name: string, body: JsonObject, subresource = '') {
  const path = pathOf(kind, name, name) + subresource;
  const contentType = 'application/strategic-merge-patch+json';
  return server.call(path, { method: 'PATCH', contentType, body });
}

async function read(kind: string, name: string): Promise<JsonObject> {
  return objectAt((await server.call(pathOf(kind, name, name))).body);
}

function pods(namespace: string): KubeObject[] {
  return server.store.list('pods', namespace);
}

function template(name: string, more: JsonObject = {}): JsonObject {
  return {
    metadata: { labels: { app: name } },
    spec: { containers, terminationGracePeriodSeconds: 2, ...more },
  };
}

function workload(name: string, more: JsonObject = {}): JsonObject {
  return { selector: { matchLabels: { app: name } }, template: template(name), ...more };
}

function reasons(namespace: string): string[] {
  return server.store.list('events', namespace).map(({ reason }) => String(reason));
}

/** The shape of a value: its field names, and the kinds of its values. */
function shape(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(shape);
  if (typeof value !== 'object' || value === null) return typeof value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([field]) => !['managedFields', 'pod-template-hash'].includes(field))
      .filter(([field]) => field !== 'kubectl.kubernetes.io/last-applied-configuration')
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([field, inner]) => [field, shape(inner)]),
  );
}

function recorded(name: string, index: number): JsonObject {
  return objectsAt(objectAt(recording(name).body).items)[index] ?? {};
}

test('a deployment and the objects that follow from it are as recorded from a real cluster', async () => {
  await create('Deployment', 'web', workload('web', { replicas: 2 }));
  const ports = [{ port: 80, targetPort: 80 }];
  await create('Service', 'web', { selector: { app: 'web' }, ports });
  await expect
    .poll(async () => objectAt((await read('Deployment', 'web')).status).availableReplicas)
    .toBe(2);
  const listed = async (kind: string) => {
    const answer = await server.call(pathOf(kind, 'web'));
    return objectsAt(objectAt(answer.body).items)[0] ?? {};
  };
  const deployment = await listed('Deployment');
  const original = recorded('deployments', 0);
  expect(shape(deployment)).toEqual(shape(original));
  const timeless = (value: unknown) =>
    JSON.parse(JSON.stringify(value).replaceAll(/web-\w{5,10}|\d{4}-[\dT:-]+Z/g, ''));
  expect(timeless(deployment.status)).toEqual(timeless(original.status));
  expect(deployment.spec).toEqual({
    ...objectAt(original.spec),
    selector: { matchLabels: { app: 'web' } },
    template: {
      ...objectAt(objectAt(original.spec).template),
      metadata: { labels: { app: 'web' } },
    },
  });
  const set = await listed('ReplicaSet');
  expect(shape(set)).toEqual(shape(recorded('replicasets', 0)));
  expect(set.status).toEqual(recorded('replicasets', 0).status);
  await expect
    .poll(
      () =>
        server.store
          .list('endpointslices.discovery.k8s.io', 'web')
          .flatMap(({ endpoints }) => objectsAt(endpoints)).length,
    )
    .toBe(2);
  const {
    apiVersion: _version,
    kind: _kind,
    ...slice
  } = server.store.list('endpointslices.discovery.k8s.io', 'web')[0] ?? {};
  expect(shape(slice)).toEqual(
    shape({
      ...recorded('endpointslices', 1),
      metadata: {
        ...objectAt(recorded('endpointslices', 1).metadata),
        labels: { ...objectAt(objectAt(recorded('endpointslices', 1).metadata).labels), app: 'x' },
      },
    }),
  );
  const service = await listed('Service');
  expect(shape({ ...service, metadata: {} })).toEqual(
    shape({ ...recorded('services', 1), metadata: {} }),
  );
});

test('pods have their names, labels and owner from the replica set, which replaces them', async () => {
  const spec = workload('replaced', { replicas: 2 });
  await create('Deployment', 'replaced', spec);
  await expect.poll(() => pods('replaced').length).toBe(2);
  const [set] = server.store.list('replicasets.apps', 'replaced');
  const [first] = pods('replaced');
  expect(first?.metadata).toMatchObject({
    generateName: `${set?.metadata.name}-`,
    name: expect.stringMatching(new RegExp(`^${set?.metadata.name}-[bcdfghjklmnpqrstvwxz2-9]{5}$`)),
    labels: { app: 'replaced', 'pod-template-hash': set?.metadata.labels?.['pod-template-hash'] },
    ownerReferences: [{ kind: 'ReplicaSet', uid: set?.metadata.uid, controller: true }],
  });
  await server.call(`/api/v1/namespaces/replaced/pods/${first?.metadata.name}`, {
    method: 'DELETE',
  });
  await expect.poll(() => pods('replaced').map(({ metadata }) => metadata.name)).toHaveLength(2);
  await expect
    .poll(() => pods('replaced').some(({ metadata }) => metadata.uid === first?.metadata.uid))
    .toBe(false);
});

test('a pod whose label is removed continues to run, and another one replaces it', async () => {
  await create('ReplicaSet', 'released', workload('released'));
  await expect.poll(() => pods('released').length).toBe(1);
  const [pod] = pods('released');
  await server.call(`/api/v1/namespaces/released/pods/${pod?.metadata.name}`, {
    method: 'PATCH',
    contentType: 'application/merge-patch+json',
    body: { metadata: { labels: { app: null } } },
  });
  await expect.poll(() => pods('released').length).toBe(2);
  expect(pods('released').filter(({ metadata }) => metadata.ownerReferences)).toHaveLength(1);
});

test('the scale can be read and changed separately', async () => {
  await create('Deployment', 'scaled', workload('scaled'));
  const answer = await patch('Deployment', 'scaled', { spec: { replicas: 3 } }, '/scale');
  expect(answer.body).toMatchObject({
    kind: 'Scale',
    apiVersion: 'autoscaling/v1',
    spec: { replicas: 3 },
    status: { selector: 'app=scaled' },
  });
  await expect.poll(() => pods('scaled').length).toBe(3);
  await patch('Deployment', 'scaled', { spec: { replicas: 0 } }, '/scale');
  await expect.poll(() => pods('scaled').length).toBe(0);
  expect(reasons('scaled')).toContain('ScalingReplicaSet');
});

test('a new image creates a new replica set, and there are never too few pods', async () => {
  await create('Deployment', 'rolled', workload('rolled', { replicas: 4 }));
  await expect.poll(() => pods('rolled').length).toBe(4);
  let fewest = 4;
  const unsubscribe = server.store.subscribe(() => {
    fewest = Math.min(fewest, pods('rolled').length);
  });
  const image = 'nginx:1.28';
  await patch('Deployment', 'rolled', {
    spec: { template: { spec: { containers: [{ name: 'nginx', image }] } } },
  });
  const images = () =>
    pods('rolled').map(({ spec }) => objectsAt(objectAt(spec).containers)[0]?.image);
  await expect.poll(images).toEqual([image, image, image, image]);
  unsubscribe();
  expect(fewest).toBeGreaterThanOrEqual(3);
  expect(objectAt((await read('Deployment', 'rolled')).metadata).annotations).toMatchObject({
    'deployment.kubernetes.io/revision': '2',
  });
  expect(server.store.list('replicasets.apps', 'rolled')).toHaveLength(2);
});

test('a deployment is deleted with its objects, unless they are to be orphaned', async () => {
  await create('Deployment', 'gone', workload('gone'));
  await expect.poll(() => pods('gone').length).toBe(1);
  await server.call(pathOf('Deployment', 'gone', 'gone'), { method: 'DELETE' });
  await expect
    .poll(() => [...pods('gone'), ...server.store.list('replicasets.apps', 'gone')])
    .toEqual([]);
  await create('Deployment', 'orphaned', workload('orphaned'));
  await expect.poll(() => pods('orphaned').length).toBe(1);
  const [pod] = pods('orphaned');
  const path = `${pathOf('Deployment', 'orphaned', 'orphaned')}?propagationPolicy=Orphan`;
  await server.call(path, { method: 'DELETE' });
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(pods('orphaned')[0]?.metadata.uid).toBe(pod?.metadata.uid);
});

test('a stateful set numbers its pods, starts them in order and ends the last one first', async () => {
  await create('StatefulSet', 'db', workload('db', { replicas: 3, serviceName: 'db' }));
  const names = () => pods('db').map(({ metadata }) => metadata.name);
  await expect.poll(names).toEqual(['db-0', 'db-1', 'db-2']);
  expect(objectAt(pods('db')[1]?.spec)).toMatchObject({ hostname: 'db-1', subdomain: 'db' });
  expect(pods('db')[1]?.metadata.labels).toMatchObject({ 'apps.kubernetes.io/pod-index': '1' });
  await patch('StatefulSet', 'db', { spec: { replicas: 1 } }, '/scale');
  await expect.poll(names).toEqual(['db-0']);
  await expect
    .poll(async () => objectAt((await read('StatefulSet', 'db')).status))
    .toMatchObject({ readyReplicas: 1, currentReplicas: 1 });
});

test('a stateful set waits for a pod that is not ready', async () => {
  const unready = { metadata: { labels: { app: 'stuck', unready: '' } }, spec: { containers } };
  await create('StatefulSet', 'stuck', {
    ...workload('stuck', { replicas: 2 }),
    template: unready,
  });
  await expect.poll(() => pods('stuck').length).toBe(1);
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(pods('stuck')).toHaveLength(1);
});

test('a daemon set has a pod on every node, including nodes that are added later', async () => {
  await create('DaemonSet', 'agent', workload('agent'));
  const nodes = () =>
    pods('agent')
      .map(({ spec }) => objectAt(spec).nodeName)
      .sort();
  await expect.poll(nodes).toEqual(['node-1', 'node-2']);
  const taints = [{ key: 'os', value: 'windows', effect: 'NoSchedule' }];
  server.store.create('nodes', {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name: 'node-w' },
    spec: { taints },
  });
  server.store.create('nodes', { apiVersion: 'v1', kind: 'Node', metadata: { name: 'node-3' } });
  await expect.poll(nodes).toEqual(['node-1', 'node-2', 'node-3']);
  server.store.remove('nodes', undefined, 'node-3');
  server.store.remove('nodes', undefined, 'node-w');
  await expect
    .poll(async () => objectAt((await read('DaemonSet', 'agent')).status))
    .toMatchObject({ desiredNumberScheduled: 2, numberReady: 2 });
});

test('a job runs its pods to completion', async () => {
  const spec = { template: { spec: { containers, restartPolicy: 'Never' } }, completions: 2 };
  await create('Job', 'work', spec);
  for (let number = 0; number < 2; number += 1) {
    await expect.poll(() => pods('work').length).toBe(number + 1);
    const pod = pods('work').find(({ status }) => objectAt(status).phase === 'Running');
    if (pod) setPod(server.store, pod, 'Succeeded');
  }
  await expect
    .poll(async () => objectAt((await read('Job', 'work')).status))
    .toMatchObject({
      succeeded: 2,
      conditions: [
        { type: 'SuccessCriteriaMet' },
        { type: 'Complete', reason: 'CompletionsReached' },
      ],
    });
  expect(pods('work')[0]?.metadata.labels).toMatchObject({ 'job-name': 'work' });
});

test('a job gives up after too many failures', async () => {
  const spec = { template: { spec: { containers, restartPolicy: 'Never' } }, backoffLimit: 0 };
  await create('Job', 'failing', spec);
  await expect.poll(() => pods('failing').length).toBe(1);
  const [pod] = pods('failing');
  if (pod) setPod(server.store, pod, 'Failed');
  await expect
    .poll(async () => objectAt((await read('Job', 'failing')).status))
    .toMatchObject({
      failed: 1,
      conditions: [{ type: 'FailureTarget' }, { type: 'Failed', reason: 'BackoffLimitExceeded' }],
    });
});

test('a cron job creates a job at the scheduled minute', async () => {
  const jobTemplate = { spec: { template: { spec: { containers, restartPolicy: 'Never' } } } };
  await create('CronJob', 'nightly', { schedule: '*/1 * * * *', jobTemplate });
  server.store.update('cronjobs.batch', 'nightly', 'nightly', (object) => {
    object.metadata.creationTimestamp = new Date(Date.now() - 61_000).toISOString();
    return object;
  });
  await expect.poll(() => server.store.list('jobs.batch', 'nightly').length).toBe(1);
  const [job] = server.store.list('jobs.batch', 'nightly');
  expect(job?.metadata).toMatchObject({
    name: expect.stringMatching(/^nightly-\d{8}$/),
    ownerReferences: [{ kind: 'CronJob', name: 'nightly' }],
  });
  await expect.poll(() => pods('nightly').length).toBe(1);

  // The same as `kubectl create job --from=cronjob/nightly`: owned, and not in the status.
  server.store.create('jobs.batch', {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: {
      name: 'by-hand',
      namespace: 'nightly',
      ownerReferences: job?.metadata.ownerReferences ?? [],
    },
    spec: { template: { spec: { containers, restartPolicy: 'Never' } } },
    status: {},
  });
  const unexpected = () =>
    server.store.list('events', 'nightly').some(({ reason }) => reason === 'UnexpectedJob');
  await expect.poll(unexpected).toBe(true);
  const cronJob = server.store.get('cronjobs.batch', 'nightly', 'nightly');
  const active = objectsAt(objectAt(cronJob?.status).active);
  expect(active.map(({ name }) => name)).toEqual([job?.metadata.name]);
});

test('endpoints follow readiness and named ports', async () => {
  const ports = [{ name: 'web', port: 8080, targetPort: 'http' }];
  await create('Service', 'front', { selector: { app: 'front' }, ports });
  const named = [{ ...containers[0], ports: [{ containerPort: 80, name: 'http' }] }];
  await create(
    'ReplicaSet',
    'front',
    workload('front', { template: template('front', { containers: named }) }),
  );
  const slice = () => server.store.list('endpointslices.discovery.k8s.io', 'front')[0];
  const conditions = () => objectsAt(slice()?.endpoints)[0]?.conditions;
  await expect.poll(conditions).toEqual({ ready: true, serving: true, terminating: false });
  expect(slice()?.ports).toEqual([{ name: 'web', protocol: 'TCP', port: 80 }]);
  const [pod] = pods('front');
  if (pod) setPod(server.store, pod, 'Unready');
  await expect.poll(conditions).toEqual({ ready: false, serving: false, terminating: false });
  const endpoints = server.store.get('endpoints', 'front', 'front');
  expect(objectsAt(endpoints?.subsets)[0]).toMatchObject({
    notReadyAddresses: [{ ip: objectAt(pod?.status).podIP, targetRef: { kind: 'Pod' } }],
    ports: [{ name: 'web', port: 80 }],
  });
});

test('a selector that does not match its own pods is rejected', async () => {
  const body = {
    metadata: { name: 'odd' },
    spec: { ...workload('odd'), template: template('even') },
  };
  const answer = await server.call(pathOf('Deployment', 'default'), { method: 'POST', body });
  expect(answer.status).toBe(422);
  expect(stringAt(objectAt(answer.body).message)).toBe(
    'Deployment.apps "odd" is invalid: spec.template.metadata.labels: Invalid value: map[string]string{"app":"even"}: `selector` does not match template `labels`',
  );
});

test('a quota is counted, and objects that a controller may not create are reported', async () => {
  await create('ResourceQuota', 'tight', { hard: { pods: '1', 'requests.cpu': '1' } });
  const cpu = { resources: { requests: { cpu: '600m' } } };
  const spec = { containers: [{ ...containers[0], ...cpu }] };
  await create(
    'ReplicaSet',
    'tight',
    workload('tight', { replicas: 2, template: { metadata: { labels: { app: 'tight' } }, spec } }),
  );
  await expect
    .poll(async () => objectAt((await read('ResourceQuota', 'tight')).status).used)
    .toEqual({ pods: '1', 'requests.cpu': '600m' });
  const event = server.store
    .list('events', 'tight')
    .find(({ reason }) => reason === 'FailedCreate');
  expect(event?.message).toMatch(
    /^Error creating: pods "tight-\w{5}" is forbidden: exceeded quota: tight, requested: pods=1,requests.cpu=600m, used: pods=1,requests.cpu=600m, limited: pods=1,requests.cpu=1$/,
  );
  expect(objectAt((await read('ReplicaSet', 'tight')).status).conditions).toMatchObject([
    { type: 'ReplicaFailure', status: 'True', reason: 'FailedCreate' },
  ]);
});
