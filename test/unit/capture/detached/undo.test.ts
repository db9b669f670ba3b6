import type { ServerResponse } from 'node:http';
import { describe, expect, it } from 'vitest';
import type { DetachedRequest } from '../../../../src/capture/detached/detachedRequest.ts';
import { startDetached } from '../../../../src/capture/detached/startDetached.ts';
import { seconds } from '../../../../src/capture/units.ts';
import { nodeDebugger } from '../../../../src/debugger/node/nodeDebugger.ts';
import { undoNodePod } from '../../../../src/debugger/node/removal.ts';
import { everyPacket } from '../../../../src/filters/capture/captureFilter.ts';
import type { KubeApi } from '../../../../src/kube/api.ts';
import type { EphemeralContainer, Pod } from '../../../../src/kube/pod.ts';
import type { Notice } from '../../../../src/notice.ts';
import { Problem } from '../../../../src/problem.ts';
import { podWith, RUNNING } from '../../debugger/pods.ts';
import { fakeServer, json, type ReceivedRequest, status } from '../../kube/fakeServer.ts';
import { FakePod } from '../fakePod.ts';

const LISTING = [
  ...[
    'ticket 1',
    'version 1',
    'engine dumpcap',
    'device eth0',
    'started 1795527948',
    'filekb 1000',
  ],
  ...['files 2', 'age 0', 'newest 1', 'removed 0', 'bytes 240', 'argv dumpcap', 'phase recording'],
].map((line) => `state ${line}`);
const FILE = 'file 1 240 1795527951 open d_00001_20261124134550.pcap';

/** How one request fails: it is not carried out, or it is carried out and the answer is lost. */
type Failure = 'refused' | 'lost';

/** Which requests to a running recorder fail: to report its state, or to end. */
type Broken = 'list' | 'remove';

/** A cluster with the pod shop/web, in which the request with this number fails, counted from 0. */
async function cluster(failing = -1, how: Failure = 'refused', broken: readonly Broken[] = []) {
  const pods = new Map<string, Pod>([['web', podWith()]]);
  const deleted: string[] = [];
  let requests = 0;
  let failed: string | undefined;
  let addedState: object = RUNNING;
  let mayRead = true;

  /** Whether this request fails. */
  const fails = (what: string) => {
    const isIt = requests === failing;
    requests += 1;
    if (isIt) failed = what;
    return isIt;
  };

  const { api } = await fakeServer({
    rest: (request, response) => {
      if (!fails(`${request.method} ${request.path}`)) answer(request, response);
      else if (how === 'refused') json(response, 500, status(500, 'InternalError', 'no leader'));
      else {
        carryOut(request);
        response.destroy();
      }
    },
    exec: async (socket, request) => {
      if (fails('exec')) {
        socket.terminate();
        return;
      }
      const pod = new FakePod(socket, request);
      await pod.started;
      const verb = pod.command.includes('remove') ? 'remove' : 'list';
      const isBroken = broken.includes(verb);
      if (pod.command.includes('look')) pod.writes('pid 77\n');
      else if (isBroken) {
        pod.says('the script is broken');
        // A recorder that cannot be reached may still run.
        if (verb === 'remove') mayRead = false;
      } else if (verb === 'remove') endCaptures();
      else pod.writes([...LISTING, FILE, 'free 9000', 'ok', ''].join('\n'));
      pod.exits(isBroken ? 2 : 0);
    },
  });

  function endCaptures(): void {
    const web = pods.get('web') ?? podWith();
    const ended = captures(web).map(({ name }) => ({
      name,
      state: { terminated: { exitCode: 93 } },
    }));
    pods.set('web', { ...web, status: { ...web.status, ephemeralContainerStatuses: ended } });
  }

  /** Carries out a request, and returns the resulting object. */
  function carryOut({ method, path, query, body }: ReceivedRequest): Pod | undefined {
    const name = /\/pods\/([^/]+)/.exec(path)?.[1];
    if (query.has('dryRun')) return undefined;
    if (method === 'POST' && path.endsWith('/pods')) {
      const pod = JSON.parse(body) as Pod;
      const containerStatuses = pod.spec.containers.map((container) => ({
        name: container.name,
        state: RUNNING,
      }));
      const made: Pod = {
        ...pod,
        metadata: { ...pod.metadata, uid: 'uid-n', resourceVersion: '11' },
        status: { phase: 'Running', containerStatuses },
      };
      pods.set(pod.metadata.name, made);
      return made;
    }
    if (method === 'DELETE' && name !== undefined && pods.delete(name)) deleted.push(name);
    if (method === 'PATCH') {
      const { spec } = JSON.parse(body) as Pod;
      const ephemeralContainers = spec.ephemeralContainers as readonly EphemeralContainer[];
      const state = ephemeralContainers.map((container) => ({
        name: container.name,
        state: addedState,
      }));
      const web = podWith({
        spec: { ephemeralContainers },
        status: { ephemeralContainerStatuses: state },
      });
      pods.set('web', web);
      return web;
    }
    return name === undefined ? undefined : pods.get(name);
  }

  function answer(request: ReceivedRequest, response: ServerResponse): void {
    const { method, path, query } = request;
    const pod = carryOut(request);
    const all = [...pods.values()].filter(
      ({ metadata }) =>
        !query.has('labelSelector') && (query.get('fieldSelector') ?? '').endsWith(metadata.name),
    );
    if (path.endsWith('selfsubjectreviews')) json(response, 201, { status: { userInfo: {} } });
    else if (path.includes('selfsubject')) json(response, 201, { status: { allowed: true } });
    else if (query.get('watch') === 'true') {
      response.writeHead(200).flushHeaders();
      for (const object of path.endsWith('/pods') ? all : [])
        response.write(`${JSON.stringify({ type: 'MODIFIED', object })}\n`);
    } else if (pod && !mayRead) json(response, 403, status(403, 'Forbidden', 'not any more'));
    else if (pod) json(response, 200, pod);
    else if (/\/pods\/[^/]+$/.test(path) && method === 'GET')
      json(response, 404, status(404, 'NotFound', 'no such pod'));
    else
      json(response, 200, {
        metadata: { resourceVersion: '1' },
        items: path.endsWith('/pods') ? all : [],
      });
  }

  return {
    api,
    requests: () => requests,
    /** From now on the images of added containers cannot be pulled. */
    holdContainers: () => {
      addedState = { waiting: { reason: 'ImagePullBackOff' } };
    },
    failed: () => failed,
    /** Pods on nodes that exist. */
    left: () => [...pods.keys()].filter((name) => name !== 'web'),
    deleted: () => deleted,
    /** Captures in the pod that have not ended. */
    recording: () => {
      const web = pods.get('web') ?? podWith();
      const states = web.status?.ephemeralContainerStatuses ?? [];
      return captures(web).filter(
        ({ name }) => !states.find((status) => status.name === name)?.state?.terminated,
      );
    },
  };
}

function captures({ spec }: Pod): readonly { readonly name: string }[] {
  return spec.ephemeralContainers ?? [];
}

const REQUEST: DetachedRequest = {
  image: 'netshoot:1',
  ttl: 60,
  pullPolicy: 'IfNotPresent',
  name: 'rare',
  ring: {},
  spec: { filter: everyPacket, duration: seconds(60) },
  keep: seconds(60),
  signal: new AbortController().signal,
  onNote: () => {},
  onProgress: () => {},
};

const NODE = { node: 'node-1', namespace: 'shop', pod: podWith() };
const STARTS: readonly (readonly [string, (api: KubeApi) => Promise<unknown>])[] = [
  [
    'a debugger on a node',
    (api) => nodeDebugger(api, NODE, { ...REQUEST, profile: 'network' }, {}),
  ],
  [
    'a detached capture on a node',
    (api) => startDetached(api, { pod: podWith() }, { ...REQUEST, via: 'node' }),
  ],
  ['a detached capture in a pod', (api) => startDetached(api, { pod: podWith() }, REQUEST)],
];

describe.each(STARTS)('%s leaves nothing behind when its start fails', (_, start) => {
  it.each<Failure>(['refused', 'lost'])(
    'at any step: a request is %s',
    async (how) => {
      const sound = await cluster();
      await start(sound.api);
      expect(sound.left().length + sound.recording().length).toBe(1);
      const failures = await Promise.all(
        Array.from({ length: sound.requests() }, async (_, failing) => {
          const fake = await cluster(failing, how);
          const outcome = await start(fake.api).catch((error: unknown) => error);
          const there = [...fake.left(), ...fake.recording()];
          const isFailure = outcome instanceof Error;
          expect(there, `${failing}: ${fake.failed()}`).toHaveLength(isFailure ? 0 : 1);
          return isFailure ? [fake.failed()] : [];
        }),
      );
      expect(failures.flat().length).toBeGreaterThan(0);
    },
    60_000,
  );
});

describe('a detached capture in a pod that does not record', () => {
  const start = (api: KubeApi, more: Partial<DetachedRequest> = {}) =>
    startDetached(api, { pod: podWith() }, { ...REQUEST, ...more }).catch(
      (error: unknown) => error,
    );

  it('is ended', async () => {
    const fake = await cluster(-1, 'refused', ['list']);
    expect(await start(fake.api)).toBeInstanceOf(Problem);
    expect(fake.recording()).toEqual([]);
  });

  it('is reported if it cannot be ended, with the command that ends it', async () => {
    const fake = await cluster(-1, 'refused', ['list', 'remove']);
    expect(await start(fake.api)).toMatchObject({
      next: expect.arrayContaining([expect.stringContaining('captures rm web/rare -n shop')]),
    });
  });

  it('is reported as not removable while it waits for its image', async () => {
    const fake = await cluster();
    fake.holdContainers();
    expect(await start(fake.api)).toMatchObject({
      kind: 'image',
      next: expect.arrayContaining([
        expect.stringMatching(/\bcontainer\b/),
        expect.stringContaining('captures rm web/rare -n shop'),
      ]),
    });
  });

  it('is ended when the user interrupts the wait', async () => {
    const interrupt = new AbortController();
    const notes: Notice[] = [];
    const fake = await cluster(-1, 'refused', []);
    const outcome = await start(fake.api, {
      signal: interrupt.signal,
      onNote: (notice) => notes.push(notice),
      onProgress: () => interrupt.abort(new Error('enough')),
    });
    expect(outcome).toBeInstanceOf(Error);
    expect(fake.recording()).toEqual([]);
    expect(notes).toMatchObject([
      { kind: 'start-undone', text: expect.stringContaining('"rare"'), next: [] },
    ]);
  });
});

it.concurrent('reports what it could not undo, and how to undo it', async ({ expect }) => {
  const { api } = await cluster();
  const broken = await fakeServer({
    rest: (_seen, response) => json(response, 500, status(500, 'InternalError', 'no leader')),
  });
  const error = await undoNodePod(
    broken.api,
    'shop',
    'netdebug-node-1',
    new Problem('why', { kind: 'failed' }),
  );
  expect(error).toMatchObject({
    message: 'why',
    next: [expect.stringContaining('kubectl delete pod netdebug-node-1 -n shop')],
  });
  const same = new Problem('why', { kind: 'failed' });
  expect(await undoNodePod(api, 'shop', 'netdebug-node-1', same)).toBe(same);
});
