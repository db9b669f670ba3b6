import { describe, expect, it } from 'vitest';
import { ensureDebugger } from '../../../src/debugger/accessLevel.ts';
import { type DebuggerRequest, debuggerContainer } from '../../../src/debugger/container.ts';
import type { EphemeralContainer, Pod } from '../../../src/kube/pod.ts';
import { Problem } from '../../../src/problem.ts';
import { json, type ReceivedRequest, status } from '../kube/fakeServer.ts';
import { recording } from '../kube/recordings.ts';
import { CREATING, ENDED, podWith, podWithDebuggers, RUNNING } from './pods.ts';
import { type ScriptedCluster, scriptedCluster, withPatch } from './scriptedCluster.ts';

const REQUEST: DebuggerRequest = {
  profile: 'network',
  image: 'netshoot:1',
  pullPolicy: 'IfNotPresent',
  ttl: 60,
};
const own = (name = 'netdebug-network') => debuggerContainer(name, REQUEST);
const PATCH = 'PATCH /api/v1/namespaces/shop/pods/web/ephemeralcontainers';

/** Lets every container of the pod run as soon as it is watched. */
async function runsAll(cluster: ScriptedCluster): Promise<void> {
  await cluster.watched();
  const { pod } = cluster;
  const ephemeralContainerStatuses = (pod.spec.ephemeralContainers ?? []).map(({ name }) => ({
    name,
    state: RUNNING,
  }));
  cluster.change({ ...pod, status: { ...pod.status, ephemeralContainerStatuses } });
}

/** Accepts the patch as the API server would, and keeps it. */
function accepts(
  request: ReceivedRequest,
  response: Parameters<typeof json>[0],
  cluster: ScriptedCluster,
): void {
  cluster.pod = withPatch(cluster.pod, request);
  json(response, 200, cluster.pod);
}

function namesPatched({ server }: ScriptedCluster): string[] {
  return server.requests
    .filter(({ method, query }) => method === 'PATCH' && !query.has('dryRun'))
    .map(({ body }) => {
      const { spec } = JSON.parse(body) as { spec: { ephemeralContainers: EphemeralContainer[] } };
      return spec.ephemeralContainers.map(({ name }) => name).join();
    });
}

describe('a pod with a debugger', () => {
  it('that runs: no requests are made', async () => {
    const cluster = await scriptedCluster();
    const place = await ensureDebugger(
      cluster.server.api,
      podWithDebuggers([own(), RUNNING]),
      REQUEST,
    );
    expect(place).toMatchObject({
      namespace: 'shop',
      pod: 'web',
      container: 'netdebug-network',
      kind: 'ephemeral',
      accessLevel: 'least',
      fresh: false,
    });
    expect(cluster.requests()).toEqual([]);
  });

  it('that runs, next to others that do not: the running one is used', async () => {
    const cluster = await scriptedCluster();
    const pod = podWithDebuggers(
      [own(), ENDED],
      [own('netdebug-network-2'), CREATING],
      [own('netdebug-network-3'), RUNNING],
    );
    const place = await ensureDebugger(cluster.server.api, pod, REQUEST);
    expect(place).toMatchObject({ container: 'netdebug-network-3', fresh: false });
  });

  it.each([
    ['that is being created', CREATING],
    ['that the kubelet has not seen yet', undefined],
  ])('%s: netdebug waits for it', async (_, state) => {
    const pod = podWithDebuggers([own(), state]);
    const cluster = await scriptedCluster({ pod });
    const [place] = await Promise.all([
      ensureDebugger(cluster.server.api, pod, REQUEST),
      runsAll(cluster),
    ]);
    expect(place).toMatchObject({ container: 'netdebug-network', fresh: true });
    expect(cluster.requests()).not.toContain(PATCH);
  });

  it.each<[string, Pod]>([
    ['that has ended', podWithDebuggers([own(), ENDED])],
    [
      'with another image',
      podWithDebuggers([
        debuggerContainer('netdebug-network', { ...REQUEST, image: 'debian' }),
        RUNNING,
      ]),
    ],
    [
      'of another tool',
      podWithDebuggers([{ name: 'netdebug-network', image: 'netshoot:1' }, RUNNING]),
    ],
  ])('%s: another one is added next to it', async (_, pod) => {
    const cluster = await scriptedCluster({ pod, patch: accepts });
    const [place] = await Promise.all([
      ensureDebugger(cluster.server.api, pod, REQUEST),
      runsAll(cluster),
    ]);
    expect(place).toMatchObject({ container: 'netdebug-network-2', fresh: true });
    expect(namesPatched(cluster)).toEqual(['netdebug-network-2']);
  });
});

describe('a pod without a debugger', () => {
  it('gets exactly one container, in a strategic merge patch', async () => {
    const cluster = await scriptedCluster({ patch: accepts });
    await Promise.all([ensureDebugger(cluster.server.api, podWith(), REQUEST), runsAll(cluster)]);
    const patches = cluster.server.requests.filter(
      ({ method, query }) => method === 'PATCH' && !query.has('dryRun'),
    );
    expect(patches).toHaveLength(1);
    expect(patches[0]?.headers['content-type']).toBe('application/strategic-merge-patch+json');
    expect(JSON.parse(patches[0]?.body ?? '')).toEqual({ spec: { ephemeralContainers: [own()] } });
  });

  it('is not changed if it is not suitable', async () => {
    const cluster = await scriptedCluster();
    const pod = podWith({ status: { phase: 'Succeeded' } });
    await expect(ensureDebugger(cluster.server.api, pod, REQUEST)).rejects.toMatchObject({
      kind: 'unsuitable',
    });
    expect(cluster.requests()).toEqual([]);
  });
});

describe('concurrent changes of the pod', () => {
  const conflict = status(
    409,
    'Conflict',
    'the object has been modified; please apply your changes',
  );
  const taken = recording<{ body: object }>('ephemeral-change-existing-422').body;
  const duplicate = recording<{ body: object }>('ephemeral-name-clash-422').body;

  it.each<[string, number, object]>([
    ['409', 409, conflict],
    ['422, the name is taken', 422, taken],
    ['422, a container has the name', 422, duplicate],
  ])("%s: the other container stays, and netdebug's gets another name", async (_, code, body) => {
    let turn = 0;
    const cluster = await scriptedCluster({
      patch: (request, response, self) => {
        if (turn++ > 0) return accepts(request, response, self);
        self.pod = podWithDebuggers([{ name: 'netdebug-network', image: 'theirs' }, RUNNING]);
        json(response, code, body);
      },
    });
    const [place] = await Promise.all([
      ensureDebugger(cluster.server.api, podWith(), REQUEST),
      runsAll(cluster),
    ]);
    expect(place.container).toBe('netdebug-network-2');
    expect(namesPatched(cluster)).toEqual(['netdebug-network', 'netdebug-network-2']);
  });

  it('an identical debugger was added: it is used', async () => {
    const cluster = await scriptedCluster({
      patch: (_, response, self) => {
        self.pod = podWithDebuggers([own(), CREATING]);
        json(response, 422, taken);
      },
    });
    const [place] = await Promise.all([
      ensureDebugger(cluster.server.api, podWith(), REQUEST),
      runsAll(cluster),
    ]);
    expect(place.container).toBe('netdebug-network');
    expect(namesPatched(cluster)).toEqual(['netdebug-network']);
  });

  it('that never stop: netdebug gives up', async () => {
    const cluster = await scriptedCluster({
      patch: (_, response) => json(response, 409, conflict),
    });
    const ensured = ensureDebugger(cluster.server.api, podWith(), REQUEST);
    await expect(ensured).rejects.toMatchObject({ code: 409 });
    expect(namesPatched(cluster)).toHaveLength(4);
  });
});

describe('refusals', () => {
  it('of a cluster without ephemeral containers', async () => {
    const body = status(404, 'NotFound', 'the server could not find the requested resource');
    const cluster = await scriptedCluster({ patch: (_, response) => json(response, 404, body) });
    const ensured = ensureDebugger(cluster.server.api, podWith(), REQUEST);
    await expect(ensured).rejects.toMatchObject({ kind: 'unsuitable' });
  });

  it.each([
    'ephemeral-pod-404',
    'ephemeral-psa-baseline',
    'ephemeral-static-pod',
    'ephemeral-bad-target-422',
    'rbac-ephemeral-403',
  ])('%s is reported at once', async (name) => {
    const { status: code, body } = recording<{ status: number; body: { message: string } }>(name);
    const cluster = await scriptedCluster({ patch: (_, response) => json(response, code, body) });
    const error = await ensureDebugger(cluster.server.api, podWith(), REQUEST).catch(
      (e: unknown) => e,
    );
    expect(error).toBeInstanceOf(Problem);
    expect((error as Problem).message).toContain(body.message);
    expect(namesPatched(cluster)).toHaveLength(1);
  });
});
