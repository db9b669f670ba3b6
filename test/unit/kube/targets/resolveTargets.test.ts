import { beforeAll, describe, expect, it, vi } from 'vitest';
import { onePod } from '../../../../src/kube/targets/oneTarget.ts';
import type { TargetFlags } from '../../../../src/kube/targets/parseTargets.ts';
import { targetNames } from '../../../../src/kube/targets/resolvedTarget.ts';
import { resolveTargets, skippedNotice } from '../../../../src/kube/targets/resolveTargets.ts';
import type { Notice } from '../../../../src/notice.ts';
import { Problem } from '../../../../src/problem.ts';
import { SocketStore } from '../../../../src/sockets/socketStore.ts';
import { setPod } from '../../../cluster/controllers/fakeKubelet.ts';
import { socket } from '../../sockets/sampleSockets.ts';
import { localApi, NAMESPACE, targetsOf, template } from './localApi.ts';

const local = localApi();

async function resolved(words: string[], flags: TargetFlags = {}, user = 'admin', maxPods = 10) {
  const resolution = await resolveTargets(await local.api(user), targetsOf(words, flags), {
    maxPods,
  });
  const { targets } = resolution;
  const pods = targets.flatMap(({ pod }) => pod ?? []);
  return { ...resolution, pods, names: targets.map(targetNames(targets)) };
}

/** The pods' names without the random suffixes that controllers add. */
async function names(words: string[], flags: TargetFlags = {}, user = 'admin') {
  const { pods } = await resolved(words, flags, user);
  return pods.map(({ metadata }) => metadata.name.replace(/(-[a-z0-9]{8,10})?-[a-z0-9]{5}$/, '-?'));
}

async function problem(words: string[], flags: TargetFlags = {}, user = 'admin', maxPods = 10) {
  const error = await resolved(words, flags, user, maxPods).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(Problem);
  const { kind, message, next } = error as Problem;
  return { kind, message, next: next.join('\n') };
}

beforeAll(async () => {
  const selector = (app: string) => ({ matchLabels: { app } });
  await local.create('Deployment', 'web', {
    replicas: 3,
    selector: { matchExpressions: [{ key: 'app', operator: 'In', values: ['web'] }] },
    template: template('web'),
  });
  await local.create('Deployment', 'idle', {
    replicas: 0,
    selector: selector('idle'),
    template: template('idle'),
  });
  await local.create('StatefulSet', 'db', {
    replicas: 2,
    serviceName: 'db',
    selector: selector('db'),
    template: template('db'),
  });
  await local.create('DaemonSet', 'agent', {
    selector: selector('agent'),
    template: template('agent'),
  });
  const job = { template: template('work', { restartPolicy: 'Never' }) };
  await local.create('Job', 'import', job);
  await local.create('CronJob', 'nightly', { schedule: '* * * * *', jobTemplate: { spec: job } });
  await local.create('CronJob', 'yearly', {
    schedule: '0 0 1 1 *',
    jobTemplate: { spec: job },
  });
  await local.create('Pod', 'db-lookalike', template('db').spec, { labels: { app: 'db' } });
  await local.create('Pod', 'db-0', template('db').spec, {
    namespace: 'other',
    labels: { app: 'db' },
  });
  await local.create('Service', 'web', { selector: { app: 'web' }, ports: [{ port: 80 }] });
  await local.create('Service', 'bare', { ports: [{ port: 80 }] });
  await local.create('Service', 'outside', { type: 'ExternalName', externalName: 'example.com' });
  await local.create(
    'EndpointSlice',
    'bare-1',
    {},
    {
      labels: { 'kubernetes.io/service-name': 'bare' },
      addressType: 'IPv4',
      endpoints: [{ addresses: ['10.1.1.1'], targetRef: { kind: 'Pod', name: 'db-lookalike' } }],
      ports: [],
    },
  );
  await vi.waitFor(
    async () => {
      expect(await names(['deploy/web', 'sts/db', 'ds/agent', 'job/import'])).toHaveLength(8);
    },
    { interval: 100 },
  );
});

describe('resolveTargets', () => {
  it.each([
    [['pod/db-1'], ['db-1']],
    [['deploy/web'], ['web-?', 'web-?', 'web-?']],
    // Only owned pods: a stateful set's selector may match others.
    [['sts/db'], ['db-0', 'db-1']],
    [['ds/agent'], ['agent-?', 'agent-?']],
    [['job/import'], ['import-?']],
    [['svc/web'], ['web-?', 'web-?', 'web-?']],
    [['svc/bare'], ['db-lookalike']],
    [
      ['db-1', 'sts/db', 'pod/db-1'],
      ['db-1', 'db-0'],
    ],
  ])('%j', async (words, expected) => {
    expect(await names(words)).toEqual(expected);
  });

  it('finds the pods of a cron job’s jobs', async () => {
    const metadata = { name: 'nightly-28000000', namespace: NAMESPACE };
    const job = { template: template('work', { restartPolicy: 'Never' }) };
    await local.create('Job', metadata.name, job);
    await local.create('Job', 'nightly-report', job);
    const current = async () => (await resolved(['cronjob/nightly'])).pods;
    await vi.waitFor(async () => expect((await current()).length).toBeGreaterThan(0));
    for (const { metadata } of await current())
      expect(metadata.labels?.['job-name']).toMatch(/^nightly-\d+$/);
    const byHand = async () =>
      (await current()).some(({ metadata }) => metadata.labels?.['job-name'] === 'by-hand');
    expect(await byHand()).toBe(false);
    const owner = local.server.store.get('cronjobs.batch', NAMESPACE, 'nightly')?.metadata;
    await local.create('Job', 'by-hand', job);
    await local.patch('Job', 'by-hand', {
      metadata: {
        ownerReferences: [
          { apiVersion: 'batch/v1', kind: 'CronJob', name: 'nightly', uid: owner?.uid },
        ],
      },
    });
    await vi.waitFor(async () => expect(await byHand()).toBe(true));
    expect(await problem(['cronjob/yearly'])).toMatchObject({
      kind: 'not-found',
      message: expect.stringMatching(/cronjob\/yearly.*"0 0 1 1 \*"/),
    });
  });

  it('accepts selectors, also in all namespaces', async () => {
    expect(await names([], { selector: 'app in (db)' })).toEqual(['db-0', 'db-1', 'db-lookalike']);
    const { pods } = await resolved([], { selector: 'app=db', allNamespaces: true });
    expect(pods.map(({ metadata }) => `${metadata.namespace}/${metadata.name}`)).toEqual([
      'other/db-0',
      'shop/db-0',
      'shop/db-1',
      'shop/db-lookalike',
    ]);
  });

  it('uses the same order as the list of sockets if one namespace is a prefix of another', async () => {
    const name = `${NAMESPACE}-2`;
    await local.server.call('/api/v1/namespaces', { method: 'POST', body: { metadata: { name } } });
    for (const namespace of [NAMESPACE, name])
      await local.create('Pod', 'twin', template('twin').spec, {
        namespace,
        labels: { app: 'twin' },
      });
    const twins = { selector: 'app=twin', allNamespaces: true };
    await vi.waitFor(async () => expect((await resolved([], twins)).pods).toHaveLength(2));
    const sorted = (await resolved([], twins)).pods.map(
      ({ metadata }) => `${metadata.namespace}/${metadata.name}`,
    );
    const sockets = new SocketStore();
    for (const pod of sorted.toReversed()) sockets.add(socket({ pod }));
    expect([...sockets.inListingOrder()].map(({ pod }) => pod)).toEqual(sorted);
  });

  it('resolves nodes, even without permission to read them', async () => {
    expect((await resolved(['node/node-1', 'no/node-1'])).names).toEqual(['node/node-1']);
    expect((await resolved(['node/node-9'], {}, 'nobody')).names).toEqual(['node/node-9']);
    expect(await problem(['node/node-9'])).toMatchObject({
      kind: 'not-found',
      message: expect.stringContaining('"node-9"'),
      next: expect.stringMatching(/"node-1".*"node-2"/),
    });
  });

  it('mixes pods and nodes of several namespaces, in the given order', async () => {
    expect((await resolved(['node/node-2', 'other/db-0', 'sts/db'])).names).toEqual([
      ...['node/node-2', 'other/db-0', 'shop/db-0', 'shop/db-1'],
    ]);
    expect(await problem(['other/svc/web'])).toMatchObject({
      kind: 'not-found',
      message: expect.stringContaining('services "web"'),
      next: expect.stringContaining('-n shop'),
    });
  });

  it('reports missing objects as kubectl does, and suggests similar names', async () => {
    expect(await problem(['deploy/wbe'])).toMatchObject({
      kind: 'not-found',
      message: 'Error from server (NotFound): deployments.apps "wbe" not found',
      next: expect.stringContaining('"web"'),
    });
    expect(await problem(['svc/nothing-like-it'])).toMatchObject({
      kind: 'not-found',
      message: 'Error from server (NotFound): services "nothing-like-it" not found',
      next: expect.stringContaining('kubectl get services -n shop'),
    });
  });

  it('explains why there are no pods', async () => {
    const next = expect.stringContaining('kubectl get pods -n shop --show-labels');
    expect(await problem(['deploy/idle'])).toMatchObject({
      kind: 'not-found',
      message: expect.stringMatching(/deployment\/idle.*\b0 replicas/),
      next,
    });
    expect(await problem([], { selector: 'a=b' })).toMatchObject({
      kind: 'not-found',
      message: expect.stringMatching(/-l 'a=b'.*"shop"/),
      next,
    });
    expect(await problem(['svc/outside'])).toMatchObject({
      kind: 'unsuitable',
      message: expect.stringMatching(/"outside".*example\.com/),
    });
  });

  it('refuses more pods than allowed, and lists them', async () => {
    const { kind, message, next } = await problem(['deploy/web', 'sts/db'], {}, 'admin', 4);
    expect(kind).toBe('usage');
    expect(message).toMatch(/deployment\/web, statefulset\/db.*\b5 pods/);
    expect(next).toMatch(/^web-\S+, web-\S+, web-\S+, db-0, db-1$/m);
    expect(next).toContain('--max-pods 5');
  });

  it('skips pods that are not running, and reports them', async () => {
    const { store } = local.server;
    await local.create('Pod', 'half-1', template('half').spec, { labels: { app: 'half' } });
    await local.create('Pod', 'half-2', template('half').spec, { labels: { app: 'half' } });
    const half = { selector: 'app=half' };
    await vi.waitFor(async () => expect((await resolved([], half)).pods).toHaveLength(2));
    const pod = store.get('pods', NAMESPACE, 'half-2');
    if (pod) setPod(store, pod, 'Succeeded');
    const resolution = await resolved([], half);
    expect(resolution.pods.map(({ metadata }) => metadata.name)).toEqual(['half-1']);
    expect(skippedNotice(resolution)).toEqual({
      kind: 'target-skipped',
      text: expect.stringMatching(/"half-2".*Succeeded/),
    });
    const notes: Notice[] = [];
    const first = await onePod(await local.api(), targetsOf([], half), {
      signal: new AbortController().signal,
      onNote: (notice) => notes.push(notice),
    });
    expect([first.metadata.name, ...notes]).toEqual(['half-1', skippedNotice(resolution)]);
    const other = store.get('pods', NAMESPACE, 'half-1');
    if (other) setPod(store, other, 'Failed');
    expect(await problem([], half)).toMatchObject({
      kind: 'unsuitable',
      message: expect.stringContaining("-l 'app=half'"),
      next: expect.stringMatching(/"half-1".*Failed.*\n.*"half-2".*Succeeded/),
    });
  });

  it('reads only the named objects', async () => {
    expect(await names([], { selector: 'app=db' }, 'bare-debugger')).toHaveLength(3);
    expect(await problem(['deploy/web'], {}, 'bare-debugger')).toMatchObject({
      kind: 'forbidden',
      message: expect.stringContaining('"deployments"'),
    });
    expect(await names(['svc/web'], {}, 'debugger')).toHaveLength(3);
  });
});
