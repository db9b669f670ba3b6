import { getEventListeners } from 'node:events';
import { describe, expect, it, vi } from 'vitest';
import { debuggerContainer } from '../../../src/debugger/container.ts';
import { waitUntilRunning } from '../../../src/debugger/start.ts';
import type { ContainerStatus, Pod } from '../../../src/kube/pod.ts';
import { Problem } from '../../../src/problem.ts';
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

/** Waits for the debugger while `act` changes the cluster; gives what came of it. */
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
  return { outcome, progress, message: outcome instanceof Problem ? outcome.message : '' };
}

describe('a debugger that starts', () => {
  it('runs when its status says so, and watches from the version of the patch', async () => {
    const cluster = await scriptedCluster();
    const { outcome, progress } = await waitWhile(cluster, async (_, told) => {
      cluster.change(inState(CREATING));
      cluster.event('Pulling', 'Pulling image "debug:1"');
      await vi.waitFor(() => expect(told).toHaveLength(1), { interval: 2 });
      cluster.event('Created', 'Created container');
      cluster.change(inState(RUNNING));
    });
    expect(outcome).toBe('running');
    expect(progress).toEqual(['pulling the image debug:1']);
    const watches = cluster.server.seen.filter(({ query }) => query.get('watch'));
    expect(watches.map(({ path, query }) => [path, query.get('fieldSelector')])).toEqual(
      expect.arrayContaining([
        ['/api/v1/namespaces/shop/pods', 'metadata.name=web'],
        [
          '/api/v1/namespaces/shop/events',
          'involvedObject.uid=uid-1,involvedObject.fieldPath=spec.ephemeralContainers{netdebug-network}',
        ],
      ]),
    );
    expect(watches.find(({ path }) => path.endsWith('/pods'))?.query.get('resourceVersion')).toBe(
      '10',
    );
  });

  it('asks nobody when it runs already', async () => {
    const cluster = await scriptedCluster();
    const { outcome } = await waitWhile(cluster, () => {}, inState(RUNNING));
    expect(outcome).toBe('running');
    expect(cluster.asked().filter((one) => one.endsWith('/pods'))).toEqual([]);
  });

  it('is not taken for another container’s status', async () => {
    const cluster = await scriptedCluster();
    const other = { ...OWN, name: 'netdebug-network-2' };
    const { outcome } = await waitWhile(cluster, () => {
      cluster.change(podWithDebuggers([OWN, CREATING], [other, { terminated: { exitCode: 1 } }]));
      cluster.change(podWithDebuggers([OWN, RUNNING], [other, { terminated: { exitCode: 1 } }]));
    });
    expect(outcome).toBe('running');
  });

  it('is found running although the watch had lost its place (410)', async () => {
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

  it('is waited for by who may not read events', async () => {
    const cluster = await scriptedCluster({ events: 'refused' });
    const { outcome } = await waitWhile(cluster, () => cluster.change(inState(RUNNING)));
    expect(outcome).toBe('running');
  });
});

describe('a debugger that does not start', () => {
  it('fails with the event’s words, long before the status says anything', async () => {
    const cluster = await scriptedCluster();
    const text = 'Failed to pull image "debug:1": not found';
    const { message } = await waitWhile(cluster, () => cluster.event('Failed', text));
    expect(message).toBe(`the debugger's image cannot be pulled: ${text}`);
  });

  it('fails with an event that came before anybody looked', async () => {
    const cluster = await scriptedCluster({
      events: [{ reason: 'Failed', message: 'ErrImagePull' }],
    });
    expect((await waitWhile(cluster, () => {})).message).toMatch(/cannot be pulled: ErrImagePull/);
  });

  it.each<[ContainerStatus['state'], string]>([
    [
      { waiting: { reason: 'ImagePullBackOff', message: 'Back-off pulling image "debug:1"' } },
      'the debugger\'s image cannot be pulled: ImagePullBackOff: Back-off pulling image "debug:1"',
    ],
    [
      { waiting: { reason: 'CrashLoopBackOff' } },
      'the debugger "netdebug-network" cannot start: CrashLoopBackOff',
    ],
    [
      { waiting: { reason: 'CreateContainerConfigError', message: 'runAsNonRoot' } },
      'the debugger "netdebug-network" cannot start: CreateContainerConfigError: runAsNonRoot',
    ],
    [
      {
        terminated: {
          exitCode: 128,
          reason: 'StartError',
          message: 'exec: "sh": executable file not found in $PATH',
        },
      },
      'the debugger cannot start in the image debug:1: exec: "sh": executable file not found in $PATH',
    ],
    [
      { terminated: { exitCode: 137, reason: 'OOMKilled' } },
      'the debugger "netdebug-network" cannot start: OOMKilled, exit code 137',
    ],
    [
      { terminated: { exitCode: 0 } },
      'the debugger "netdebug-network" cannot start: Error, exit code 0',
    ],
  ])('its status says %j', async (state, expected) => {
    const cluster = await scriptedCluster({ events: 'refused' });
    const { message } = await waitWhile(cluster, () => cluster.change(inState(state)));
    expect(message).toBe(expected);
    const at = await scriptedCluster({ events: 'refused' });
    expect((await waitWhile(at, () => {}, inState(state))).message).toBe(expected);
  });

  it('waits on while it is being made', async () => {
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

describe('a pod that goes away meanwhile', () => {
  it.each<[string, (cluster: ScriptedCluster) => void, RegExp]>([
    ['deleted', (cluster) => cluster.change(inState(), 'DELETED'), /^pod "web" was deleted while/],
    [
      'replaced by another of its name',
      (cluster) => cluster.change(podWith({ metadata: { uid: 'uid-2' } })),
      /^pod "web" was deleted while/,
    ],
    [
      'told to go',
      (cluster) =>
        cluster.change({
          ...inState(CREATING),
          metadata: { ...inState().metadata, deletionTimestamp: '2026-01-01T00:00:00Z' },
        }),
      /^pod "web" is being deleted/,
    ],
    [
      'finished',
      (cluster) => cluster.change({ ...inState(CREATING), status: { phase: 'Succeeded' } }),
      /^pod "web" has finished \(Succeeded\)/,
    ],
  ])('%s', async (_, act, message) => {
    const cluster = await scriptedCluster();
    expect((await waitWhile(cluster, act)).message).toMatch(message);
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

it('is given up after ten minutes, with the way to see why', async () => {
  const limit = vi.spyOn(AbortSignal, 'timeout').mockImplementation((delay) => {
    expect(delay).toBe(600_000);
    return AbortSignal.abort(new DOMException('timeout', 'TimeoutError'));
  });
  const cluster = await scriptedCluster();
  const { outcome } = await waitWhile(cluster, () => {});
  limit.mockRestore();
  expect(outcome).toMatchObject({
    message: 'the debugger "netdebug-network" did not start within 10 minutes',
    next: [expect.stringMatching(/^kubectl describe pod web -n shop/)],
  });
});
