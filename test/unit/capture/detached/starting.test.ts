import { describe, expect, it, vi } from 'vitest';
import type { DetachedRequest } from '../../../../src/capture/detached/detachedRequest.ts';
import { startCaptures } from '../../../../src/capture/detached/startCaptures.ts';
import { startOnNode } from '../../../../src/capture/detached/startOnNode.ts';
import { seconds } from '../../../../src/capture/units.ts';
import type { NodeTarget } from '../../../../src/debugger/node/nodePod.ts';
import { everyPacket } from '../../../../src/filters/capture/captureFilter.ts';
import type { Pod } from '../../../../src/kube/pod.ts';
import { parseTargets, targetInNamespace } from '../../../../src/kube/targets/parseTargets.ts';
import { podWith } from '../../debugger/pods.ts';
import { fakeServer, json, type ReceivedRequest, status } from '../../kube/fakeServer.ts';
import { podOnNode } from './podOnNode.ts';

// The debugger that runs before a capture, and its result.
vi.mock('../../../../src/debugger/node/nodeDebugger.ts', () => ({
  nodeDebugger: async (_: unknown, __: unknown, request: DetachedRequest) => ({
    kind: 'node',
    namespace: request.nodeNamespace,
    home: podWith(),
    ownPorts: [],
    close: async () => {},
  }),
}));

const NOTHING = () => {};
const REQUEST: DetachedRequest = {
  image: 'netshoot:1',
  ttl: 60,
  pullPolicy: 'IfNotPresent',
  nodeNamespace: 'tools',
  ring: {},
  spec: { filter: everyPacket, duration: seconds(60) },
  keep: seconds(60),
  signal: new AbortController().signal,
  onNote: NOTHING,
  onProgress: NOTHING,
};

/** An API server with these pods in namespace tools; requests that create pods get no answer. */
async function server(...there: Pod[]) {
  const made = (request: ReceivedRequest) => JSON.parse(request.body) as Pod;
  const { api, requests } = await fakeServer({
    rest: (request, response) => {
      if (request.path.startsWith('/api/v1/nodes/')) json(response, 200, { metadata: {} });
      else if (request.method === 'POST' && request.path === '/api/v1/namespaces/tools/pods')
        response.destroy();
      else if (request.method === 'POST')
        json(response, 404, status(404, 'NotFound', 'no reviews'));
      else json(response, 200, { items: there, metadata: {} });
    },
  });
  const requestsOf = (method: string) => requests.filter((request) => request.method === method);
  return {
    api,
    names: () =>
      requestsOf('POST')
        .filter(({ path }) => path.endsWith('/pods'))
        .map((request) => made(request).metadata.name),
    deleted: () => requestsOf('DELETE').map(({ path }) => path.split('/').at(-1)),
  };
}

const NODE: NodeTarget = { node: 'n1', namespace: 'shop' };

describe('a capture on a node', () => {
  it('is deleted when the request to create it got no answer', async () => {
    const { api, names, deleted } = await server();
    await expect(startOnNode(api, NODE, REQUEST)).rejects.toThrow();
    expect(names()).toHaveLength(1);
    expect(deleted()).toEqual(names());
  });

  it('cannot have the name of another capture of its target, in any namespace', async () => {
    const target = { ...NODE, pod: podWith() };
    const { api, names } = await server(podOnNode('x', 'rare', target, 'tools'));
    const named = { ...REQUEST, name: 'rare' };
    await expect(startOnNode(api, target, named)).rejects.toMatchObject({
      kind: 'exists',
      message: expect.stringMatching(/"rare".*shop\/web/),
      next: expect.arrayContaining([
        expect.stringMatching(/captures rm shop\/web\/rare -n tools$/),
      ]),
    });
    await expect(startOnNode(api, NODE, named)).rejects.toThrow();
    expect(names()).toEqual([expect.stringMatching(/^netdebug-capture-rare-/)]);
  });

  it('of several nodes gets a name that is unused on all of them', async () => {
    const { api, names } = await server(podOnNode('x', 'capture-1', NODE, 'tools'));
    const targets = parseTargets(['node/n1', 'node/n2']).map((target) =>
      targetInNamespace(target, 'shop'),
    );
    await expect(startCaptures(api, { ...REQUEST, targets, maxPods: 5 })).rejects.toThrow();
    expect(names()).toEqual(Array(2).fill(expect.stringMatching(/^netdebug-capture-capture-2-/)));
  });
});
