import { expect, it } from 'vitest';
import { NodeClocks } from '../../../../src/capture/sinks/nodeClocks.ts';
import { podWith } from '../../debugger/pods.ts';
import { fakeServer } from '../../kube/fakeServer.ts';
import { FakePod } from '../fakePod.ts';

/** Clocks of a cluster, and the pods that were asked; `answers` are used in turn. */
async function clocksOf(answers: readonly string[] = []) {
  const queried: string[] = [];
  const { api } = await fakeServer({
    exec: (socket, request) => {
      const pod = new FakePod(socket, request);
      const name = /\/pods\/([^/]+)\/exec/.exec(request.url ?? '')?.[1] ?? '';
      void pod.started.then(() => {
        pod.writes(answers[queried.push(name) - 1] ?? '100.50 1700000000.25\n');
        pod.exits(0);
      });
    },
  });
  const clocks = new NodeClocks(api.access);
  const of = (name: string, nodeName: string, runtimeClassName?: string) => {
    const spec = { nodeName, ...(runtimeClassName !== undefined && { runtimeClassName }) };
    const pod = podWith({ metadata: { name, uid: name }, spec });
    return clocks.get({ pod }, { namespace: 'shop', pod: name, container: 'netdebug-network' });
  };
  return { of, queried };
}

it('asks each node for its clock once, in one of its pods', async () => {
  const { of, queried } = await clocksOf();
  const [a, b, c] = await Promise.all([of('a', 'node-1'), of('b', 'node-1'), of('c', 'node-2')]);
  expect(a?.bootedAt).toBe(1_699_999_899_750);
  expect(b).toBe(a);
  expect(c).not.toBe(a);
  expect(queried.toSorted()).toEqual(['a', 'c']);
});

it('asks each pod that has its own kernel', async () => {
  const { of, queried } = await clocksOf();
  await Promise.all([of('a', 'node-1', 'kata'), of('b', 'node-1', 'kata'), of('c', 'node-1')]);
  expect(queried.toSorted()).toEqual(['a', 'b', 'c']);
});

it('asks the next pod if one does not know the time', async () => {
  const { of, queried } = await clocksOf(['date: not found\n']);
  const [a, b] = await Promise.all([of('a', 'node-1'), of('b', 'node-1')]);
  expect([a, b?.bootedAt]).toEqual([undefined, 1_699_999_899_750]);
  expect(queried).toEqual(['a', 'b']);
});
