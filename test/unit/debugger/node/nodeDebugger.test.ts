import { setTimeout as wait } from 'node:timers/promises';
import { describe, expect, it, vi } from 'vitest';
import { LeasedProcess } from '../../../../src/debugger/leasedProcess.ts';
import { nodeDebugger, planOnNode } from '../../../../src/debugger/node/nodeDebugger.ts';
import { NODE_CONTAINER } from '../../../../src/debugger/node/nodePod.ts';
import { NodeRefused } from '../../../../src/debugger/noEphemeral.ts';
import type { NewPod, Pod } from '../../../../src/kube/pod.ts';
import type { ProblemKind } from '../../../../src/problem.ts';
import { FakePod } from '../../capture/fakePod.ts';
import { fakeServer, json, status } from '../../kube/fakeServer.ts';
import { podWith, RUNNING } from '../pods.ts';

const REQUEST = {
  profile: 'network',
  image: 'netshoot:1',
  pullPolicy: 'IfNotPresent',
  ttl: 60,
  nodeNamespace: 'debug',
} as const;
const PODS = '/api/v1/namespaces/debug/pods';

interface Script {
  /** The debugger's findings, one answer for each created pod. */
  readonly finds?: readonly string[];
  readonly state?: 'running' | 'failed' | 'pending';
  readonly dryRun?: { readonly code: number; readonly message: string };
  readonly deletable?: boolean;
  readonly node?: object;
  /** Pods of netdebug that already exist. */
  readonly left?: readonly { readonly name: string; readonly phase: string }[];
}

/** A cluster where pods are created on nodes; `made` and `deleted` are their names. */
async function cluster({ finds = ['pid 77'], state = 'running', ...script }: Script = {}) {
  const made: NewPod[] = [];
  const deleted: string[] = [];
  const commands: (readonly string[])[] = [];
  const answers = [...finds];
  const asPod = (pod: NewPod | undefined): Pod => ({
    ...podWith({ metadata: { name: pod?.metadata.name ?? '', namespace: 'debug', uid: 'uid-n' } }),
    status: {
      phase: state === 'failed' ? 'Failed' : 'Pending',
      ...(state === 'failed' && { reason: 'OutOfpods', message: 'Too many pods' }),
      ...(state === 'running' && {
        containerStatuses: [{ name: NODE_CONTAINER, state: RUNNING }],
      }),
    },
  });
  const server = await fakeServer({
    rest: (request, response) => {
      const { method, path, query } = request;
      if (path.startsWith('/api/v1/nodes/')) json(response, 200, script.node ?? { metadata: {} });
      else if (path.endsWith('selfsubjectreviews'))
        json(response, 201, { status: { userInfo: { username: 'jane' } } });
      else if (path.endsWith('selfsubjectaccessreviews'))
        json(response, 201, {
          status: { allowed: !request.body.includes('"delete"') || script.deletable !== false },
        });
      else if (method === 'POST' && query.has('dryRun')) {
        const { code, message } = script.dryRun ?? { code: 201, message: '' };
        json(response, code, code < 300 ? {} : status(code, 'Forbidden', message));
      } else if (method === 'POST') {
        made.push(JSON.parse(request.body) as NewPod);
        json(response, 201, asPod(made.at(-1)));
      } else if (method === 'DELETE') {
        deleted.push(path.slice(PODS.length + 1));
        json(response, 200, {});
      } else if (query.get('watch') === 'true') {
        response.writeHead(200).flushHeaders();
        const event = { type: 'MODIFIED', object: asPod(made.at(-1)) };
        if (path === PODS && state === 'failed') response.write(`${JSON.stringify(event)}\n`);
      } else if (query.has('labelSelector'))
        json(response, 200, {
          items: (script.left ?? []).map(({ name, phase }) => ({
            metadata: { name },
            status: { phase },
          })),
        });
      else if (path === PODS)
        json(response, 200, { metadata: { resourceVersion: '1' }, items: [asPod(made.at(-1))] });
      else if (path.endsWith('/events')) json(response, 200, { metadata: {}, items: [] });
      else json(response, 200, asPod(made.at(-1)));
    },
    exec: (socket, request) => {
      const pod = new FakePod(socket, request);
      void pod.started.then(() => {
        commands.push(pod.command);
        if (pod.command[3] === 'look') pod.writes(`${answers.shift()}\n`);
        pod.exits(0);
      });
    },
  });
  const names = () => made.map(({ metadata }) => metadata.name);
  return { ...server, made, names, deleted, commands };
}

const target = { node: 'node-1', namespace: 'shop', pod: podWith() };

describe('a debugger on a node', () => {
  it('is created, marked, entered, and deleted when it is closed', async () => {
    const { api, made, names, deleted, commands } = await cluster();
    const place = await nodeDebugger(api, target, REQUEST, {});
    expect(place).toMatchObject({
      namespace: 'debug',
      pod: names()[0],
      container: NODE_CONTAINER,
      kind: 'node',
      accessLevel: 'node',
      enter: ['nsenter', '-n/proc/77/fd/9', '--'],
    });
    expect(made[0]?.metadata.annotations).toEqual({
      'netdebug/target': 'pod/shop/web',
      'netdebug/command': 'network',
      'netdebug/owner': 'jane',
    });
    const process = await LeasedProcess.start(api.access, place, { command: ['tcpdump', '-n'] });
    await process.exit;
    expect(commands.at(-1)?.slice(-5)).toEqual([...(place.enter ?? []), 'tcpdump', '-n']);
    expect(deleted).toEqual([]);
    await place.close();
    expect(deleted).toEqual(names());
  });

  it('is created in the namespace of its target unless the request names another one', async () => {
    const { api } = await cluster();
    const { nodeNamespace, ...request } = REQUEST;
    expect(await planOnNode(api, target, request)).toMatchObject({ namespace: 'shop' });
    expect(await planOnNode(api, target, REQUEST)).toMatchObject({ namespace: nodeNamespace });
  });

  it('removes ended debuggers, and no others', async () => {
    const left = [
      { name: 'old', phase: 'Succeeded' },
      { name: 'late', phase: 'Failed' },
      { name: 'theirs', phase: 'Running' },
    ];
    const { api, deleted } = await cluster({ left });
    await nodeDebugger(api, target, REQUEST, {});
    await vi.waitFor(() => expect(deleted.toSorted()).toEqual(['late', 'old']));
  });

  it('is created once more without its AppArmor profile if AppArmor hides the node', async () => {
    const denied = 'denied cri-containerd.apparmor.d (enforce)';
    const { api, made, names, deleted } = await cluster({ finds: [denied, 'pid 78'] });
    const place = await nodeDebugger(api, target, REQUEST, {});
    expect(deleted).toEqual(names().slice(0, 1));
    expect(place.enter).toEqual(['nsenter', '-n/proc/78/fd/9', '--']);
    const profiles = made.map(({ spec }) => JSON.stringify(spec).includes('"Unconfined"'));
    expect(profiles).toEqual([false, true]);

    const hopeless = await cluster({ finds: [denied, denied] });
    const refused = nodeDebugger(hopeless.api, target, REQUEST, {});
    await expect(refused).rejects.toMatchObject({ kind: 'denied' });
    expect(hopeless.deleted).toEqual(hopeless.names());
  });

  it.each<[string, Script, ProblemKind, RegExp]>([
    ['finds nothing', { finds: ['nowhere'] }, 'unsuitable', /"web".*"node-1"/],
    ['has no nsenter', { finds: ['missing nsenter'] }, 'image', /netshoot:1.*nsenter/],
    ['prints nothing', { finds: [''] }, 'command-failed', /./],
    ['is refused by its kubelet', { state: 'failed' }, 'not-started', /OutOfpods: Too many pods/],
  ])('that %s is deleted', async (_, script, kind, words) => {
    const { api, names, deleted } = await cluster(script);
    await expect(nodeDebugger(api, target, REQUEST, {})).rejects.toMatchObject({
      kind,
      message: expect.stringMatching(words),
    });
    expect(names()).toHaveLength(1);
    expect(deleted).toEqual(names());
  });

  it('is deleted when the user interrupts the wait', async () => {
    const { api, names, deleted } = await cluster({ state: 'pending' });
    const interrupt = new AbortController();
    const made = nodeDebugger(api, target, REQUEST, { signal: interrupt.signal });
    const outcome = made.catch((error: unknown) => error);
    await vi.waitFor(() => expect(names()).toHaveLength(1));
    await wait(20);
    interrupt.abort(new Error('enough'));
    expect(await outcome).toBeInstanceOf(Error);
    expect(deleted).toEqual(names());
  });

  const psa = 'pods "x" is forbidden: violates PodSecurity "baseline:latest": host namespaces';
  const rbac = 'pods is forbidden: User "jane" cannot create resource "pods" in API group ""';
  it.each<[string, Script, ProblemKind, RegExp]>([
    ['Pod Security', { dryRun: { code: 403, message: psa } }, 'denied', /--node-namespace/],
    ['rights', { dryRun: { code: 403, message: rbac } }, 'forbidden', /kind: Role/],
    ['no permission to delete', { deletable: false }, 'forbidden', /kind: Role/],
    [
      'a node that is down',
      { node: { metadata: {}, status: { conditions: [{ type: 'Ready', status: 'Unknown' }] } } },
      'unsuitable',
      /^$/,
    ],
    [
      'a Fargate machine',
      { node: { metadata: { labels: { 'eks.amazonaws.com/compute-type': 'fargate' } } } },
      'unsuitable',
      /^$/,
    ],
  ])('is not created: %s', async (_, script, kind, next) => {
    const { api, names } = await cluster(script);
    const error = await nodeDebugger(api, target, REQUEST, {}).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(NodeRefused);
    expect((error as NodeRefused).kind).toBe(kind);
    expect((error as NodeRefused).next.join('\n')).toMatch(next);
    expect(names()).toEqual([]);
  });
});
