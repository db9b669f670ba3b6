import { getEventListeners } from 'node:events';
import { describe, expect, it, vi } from 'vitest';
import { debuggerContainer } from '../../../src/debugger/container.ts';
import { waitUntilRunning } from '../../../src/debugger/start.ts';
import { START_LIMITS } from '../../../src/debugger/startLimit.ts';
import type { ContainerStatus, Pod } from '../../../src/kube/pod.ts';
import type { Notice } from '../../../src/notice.ts';
import { Problem, type ProblemKind } from '../../../src/problem.ts';
import { json, status } from '../kube/fakeServer.ts';
import { CREATING, podWith, podWithDebuggers, RUNNING } from './pods.ts';
import { type ScriptedCluster, scriptedCluster } from './scriptedCluster.ts';

const OWN = debuggerContainer('netdebug-network', {
  profile: 'network',
  image: 'debug:1',
  pullPolicy: 'IfNotPresent',
  ttl: 60,
});
const inState = (state?: ContainerStatus['state']) => podWithDebuggers([OWN, state]);

/** Waits for the debugger while `act` changes the cluster; returns the result. */
async function waitWhile(
  cluster: ScriptedCluster,
  act: (cluster: ScriptedCluster, progress: readonly string[]) => void | Promise<void>,
  pod: Pod = inState(),
) {
  const progress: string[] = [];
  const signal = new AbortController().signal;
  const waiting = waitUntilRunning(cluster.server.api, pod, {
    container: OWN.name,
    image: OWN.image,
    onProgress: (text) => progress.push(text),
    signal,
  }).then(
    () => 'running' as const,
    (error: unknown) => error,
  );
  await Promise.race([cluster.watched().then(() => act(cluster, progress)), waiting]);
  const outcome = await waiting;
  const left = () => getEventListeners(signal, 'abort').length + cluster.watching();
  await vi.waitFor(() => expect(left()).toBe(0), { interval: 2 });
  const { kind, message = '', next = [] } = outcome instanceof Problem ? outcome : {};
  return { outcome, progress, kind, message, next };
}

describe('a debugger that starts', () => {
  it('runs when its status says so, and watches from the version of the patch', async () => {
    const cluster = await scriptedCluster();
    const { outcome, progress } = await waitWhile(cluster, async (_, progress) => {
      cluster.change(inState(CREATING));
      cluster.event('Pulling', 'Pulling image "debug:1"');
      await vi.waitFor(() => expect(progress).toHaveLength(2), { interval: 2 });
      cluster.event('Created', 'Created container');
      cluster.change(inState(RUNNING));
    });
    expect(outcome).toBe('running');
    expect(progress).toEqual([
      'waiting for node "node-1" to start the debugger',
      'pulling the image debug:1',
    ]);
    const watches = cluster.server.requests.filter(({ query }) => query.get('watch'));
    expect(watches.map(({ path, query }) => [path, query.get('fieldSelector')])).toEqual(
      expect.arrayContaining([
        ['/api/v1/namespaces/shop/pods', 'metadata.name=web'],
        ['/api/v1/namespaces/shop/events', 'involvedObject.uid=uid-1'],
      ]),
    );
    expect(watches.find(({ path }) => path.endsWith('/pods'))?.query.get('resourceVersion')).toBe(
      '10',
    );
  });

  it('needs no requests if it already runs', async () => {
    const cluster = await scriptedCluster();
    const { outcome } = await waitWhile(cluster, () => {}, inState(RUNNING));
    expect(outcome).toBe('running');
    expect(cluster.requests().filter((request) => request.endsWith('/pods'))).toEqual([]);
  });

  it('is not confused with another container’s status', async () => {
    const cluster = await scriptedCluster();
    const other = { ...OWN, name: 'netdebug-network-2' };
    const { outcome } = await waitWhile(cluster, () => {
      cluster.change(podWithDebuggers([OWN, CREATING], [other, { terminated: { exitCode: 1 } }]));
      cluster.change(podWithDebuggers([OWN, RUNNING], [other, { terminated: { exitCode: 1 } }]));
    });
    expect(outcome).toBe('running');
  });

  it('is found running even if the watch has expired (410)', async () => {
    let turn = 0;
    const cluster = await scriptedCluster({
      pod: inState(RUNNING),
      podWatch: (_, response) => {
        if (turn++ > 0) return false;
        json(response, 410, status(410, 'Expired', 'too old resource version'));
        return true;
      },
    });
    expect((await waitWhile(cluster, () => {})).outcome).toBe('running');
  });

  it('is waited for by users who may not read events', async () => {
    const cluster = await scriptedCluster({ events: 'refused' });
    const { outcome } = await waitWhile(cluster, () => cluster.change(inState(RUNNING)));
    expect(outcome).toBe('running');
  });
});

describe('a debugger that does not start', () => {
  it('fails with the message of the event, long before the status changes', async () => {
    const cluster = await scriptedCluster();
    const text = 'Failed to pull image "debug:1": not found';
    const { kind, message } = await waitWhile(cluster, () => cluster.event('Failed', text));
    expect(kind).toBe('image');
    expect(message).toContain(text);
  });

  it('is explained if the pull policy forbade pulling its image', async () => {
    const cluster = await scriptedCluster();
    const { kind, message, next } = await waitWhile(cluster, () =>
      cluster.event('Failed', 'Error: ErrImageNeverPull'),
    );
    expect(kind).toBe('image');
    expect(message).toContain('debug:1');
    expect(next.join()).toContain('--image-pull-policy');
  });

  it('fails with an event that is older than the watch', async () => {
    const cluster = await scriptedCluster({
      events: [{ reason: 'Failed', message: 'ErrImagePull' }],
    });
    const { kind, message } = await waitWhile(cluster, () => {});
    expect(kind).toBe('image');
    expect(message).toContain('ErrImagePull');
  });

  it.each<[ContainerStatus['state'], ProblemKind, string]>([
    [
      { waiting: { reason: 'ImagePullBackOff', message: 'Back-off pulling image "debug:1"' } },
      'image',
      'ImagePullBackOff: Back-off pulling image "debug:1"',
    ],
    [{ waiting: { reason: 'CrashLoopBackOff' } }, 'not-started', 'CrashLoopBackOff'],
    [
      { waiting: { reason: 'CreateContainerConfigError', message: 'runAsNonRoot' } },
      'not-started',
      'CreateContainerConfigError: runAsNonRoot',
    ],
    [
      {
        terminated: {
          exitCode: 128,
          reason: 'StartError',
          message: 'exec: "sh": executable file not found in $PATH',
        },
      },
      'image',
      'debug:1: exec: "sh": executable file not found in $PATH',
    ],
    [
      { terminated: { exitCode: 137, reason: 'OOMKilled' } },
      'not-started',
      'OOMKilled, exit code 137',
    ],
    [{ terminated: { exitCode: 0 } }, 'not-started', 'Error, exit code 0'],
  ])('fails with its status %j', async (state, kind, words) => {
    const expected = { kind, message: expect.stringContaining(words) };
    const cluster = await scriptedCluster({ events: 'refused' });
    const later = await waitWhile(cluster, () => cluster.change(inState(state)));
    expect(later).toMatchObject(expected);
    const at = await scriptedCluster({ events: 'refused' });
    expect(await waitWhile(at, () => {}, inState(state))).toMatchObject(expected);
  });

  it('is waited for while it is being created', async () => {
    const cluster = await scriptedCluster();
    const { outcome } = await waitWhile(cluster, async () => {
      for (const reason of ['ContainerCreating', 'PodInitializing', undefined])
        cluster.change(inState({ waiting: reason === undefined ? {} : { reason } }));
      await new Promise((resolve) => setTimeout(resolve, 20));
      cluster.change(inState(RUNNING));
    });
    expect(outcome).toBe('running');
  });
});

describe('a pod that disappears during the start', () => {
  it.each<[string, (cluster: ScriptedCluster) => void]>([
    ['deleted', (cluster) => cluster.change(inState(), 'DELETED')],
    [
      'replaced by another one with its name',
      (cluster) => cluster.change(podWith({ metadata: { uid: 'uid-2' } })),
    ],
    [
      'being deleted',
      (cluster) =>
        cluster.change({
          ...inState(CREATING),
          metadata: { ...inState().metadata, deletionTimestamp: '2026-01-01T00:00:00Z' },
        }),
    ],
    [
      'finished',
      (cluster) => cluster.change({ ...inState(CREATING), status: { phase: 'Succeeded' } }),
    ],
  ])('%s', async (_, act) => {
    const cluster = await scriptedCluster();
    expect(await waitWhile(cluster, act)).toMatchObject({
      kind: 'unsuitable',
      message: expect.stringContaining('"web"'),
    });
  });
});

it('ends with the reason of its signal', async () => {
  const cluster = await scriptedCluster();
  const abort = new AbortController();
  const reason = new Error('Ctrl-C');
  const waiting = waitUntilRunning(cluster.server.api, inState(), {
    container: OWN.name,
    image: OWN.image,
    signal: abort.signal,
  });
  await cluster.watched();
  abort.abort(reason);
  await expect(waiting).rejects.toBe(reason);
});

/** Milliseconds, instead of seconds and minutes. */
const SOON = { events: 0, tell: 60, nothing: 2_000, accepted: 3_000, pulling: 4_000 };
const READY = { type: 'Ready', status: 'True' };

/** Waits in vain, after `act`; returns the error and the notes. */
async function waitInVain(
  script: Parameters<typeof scriptedCluster>[0],
  act: (cluster: ScriptedCluster) => void = () => {},
) {
  const cluster = await scriptedCluster(script);
  const notes: Notice[] = [];
  const waiting = waitUntilRunning(
    cluster.server.api,
    inState(),
    { container: OWN.name, image: OWN.image, onNote: (notice) => notes.push(notice) },
    SOON,
  ).catch((error: Problem) => error);
  await cluster.watched();
  act(cluster);
  const { kind, message, next } = (await waiting) as Problem;
  return { kind, message, next: next.join('\n'), notes };
}

describe('a node that does not react', () => {
  it('is reported within 15 s and given up within a minute, but a pull has ten minutes', () => {
    expect(START_LIMITS.tell).toBeLessThanOrEqual(15_000);
    expect(START_LIMITS.nothing).toBeLessThanOrEqual(60_000);
    expect(START_LIMITS.pulling).toBe(600_000);
  });

  it.each<[string, () => Parameters<typeof scriptedCluster>[0], RegExp]>([
    [
      'is Ready and still reports: it is busy, or the cluster is virtual',
      () => ({
        node: { metadata: {}, status: { conditions: [READY] } },
        renewTime: new Date(Date.now() - 3_000).toISOString(),
      }),
      /\bReady\b.*\b[2-9]s\b.*\bvirtual\b/s,
    ],
    [
      'is Ready and no longer reports: its kubelet does not run',
      () => ({
        node: { metadata: {}, status: { conditions: [READY] } },
        renewTime: new Date(Date.now() - 54_000).toISOString(),
      }),
      /\b5\ds\b.*\bkubelet\b/s,
    ],
    [
      'has become not ready',
      () => ({
        node: {
          metadata: {},
          status: { conditions: [{ type: 'Ready', status: 'Unknown', message: 'No status.' }] },
        },
      }),
      /\(No status\).*\bkubelet\b/s,
    ],
    [
      'is Ready, but its Lease cannot be read',
      () => ({ node: { metadata: {}, status: { conditions: [READY] } } }),
      /\bReady\b.*\bkubelet\b.*\bvirtual\b/s,
    ],
    ['cannot be read', () => ({ node: 'refused' }), /\bnodes\b.*\bvirtual\b/s],
  ])('%s', async (_, script, known) => {
    // Created now, because times count from the run of the test.
    const { kind, message, next, notes } = await waitInVain(script());
    expect(notes).toEqual([{ kind: 'node-silent', text: expect.stringMatching(known) }]);
    expect(kind).toBe('not-started');
    expect(message).toContain('node-1');
    expect(next).toMatch(known);
  });

  it('gets more time after it has accepted the container', async () => {
    const { message, notes } = await waitInVain({}, (cluster) => cluster.change(inState(CREATING)));
    expect(message).toContain('3 s');
    expect(notes).toEqual([]);
  });

  it.each<[string, Parameters<typeof scriptedCluster>[0], (cluster: ScriptedCluster) => void]>([
    ['it pulls the image', {}, (cluster) => cluster.event('Pulling', 'Pulling image')],
    [
      'it may pull the image, and events cannot be read',
      { events: 'refused' },
      (cluster) => cluster.change(inState(CREATING)),
    ],
    [
      'it pulls an image for another container of the pod',
      { events: [{ reason: 'Pulling', message: 'Pulling image', container: 'other' }] },
      () => {},
    ],
  ])('gets ten minutes while %s', async (_, script, act) => {
    const { message } = await waitInVain(script, act);
    expect(message).toContain('4 s');
  });

  it('gets no more time for a finished pull of another container', async () => {
    const pull = (reason: string) => ({ reason, message: '', container: 'other' });
    const { message } = await waitInVain({ events: [pull('Pulling'), pull('Pulled')] });
    expect(message).toContain('2 s');
  });
});
