import { describe, expect, it } from 'vitest';
import { getObject } from '../../../../src/kube/targets/getObject.ts';
import { kindByName } from '../../../../src/kube/targets/kinds.ts';
import { Problem } from '../../../../src/problem.ts';
import { fakeServer, json, type ReceivedRequest, status } from '../fakeServer.ts';

/** Pods of a cluster as `namespace/name`. */
async function cluster(
  pods: string[],
  refuse: (request: ReceivedRequest) => boolean = () => false,
) {
  return fakeServer({
    rest: (request, response) => {
      if (refuse(request))
        return json(response, 403, status(403, 'Forbidden', 'pods is forbidden: you cannot'));
      const [, namespace, name] =
        /^\/api\/v1\/(?:namespaces\/([^/]+)\/)?pods(?:\/([^/]+))?$/.exec(request.path) ?? [];
      const selected = request.query.get('fieldSelector')?.replace('metadata.name=', '');
      const matches = pods
        .map((pod) => ({ metadata: { namespace: pod.split('/')[0], name: pod.split('/')[1] } }))
        .filter(({ metadata }) => namespace === undefined || metadata.namespace === namespace)
        .filter(({ metadata }) => (name ?? selected ?? metadata.name) === metadata.name);
      if (name === undefined) json(response, 200, { items: matches });
      else if (matches[0]) json(response, 200, matches[0]);
      else json(response, 404, status(404, 'NotFound', `pods "${name}" not found`));
    },
  });
}

async function stepsFor(
  pods: string[],
  name: string,
  refuse?: (request: ReceivedRequest) => boolean,
) {
  const { api } = await cluster(pods, refuse);
  const error = await getObject(api, kindByName('pod'), 'shop', name).catch(
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(Problem);
  expect((error as Problem).message).toBe(`Error from server (NotFound): pods "${name}" not found`);
  return (error as Problem).next;
}

describe('getObject', () => {
  it('reads the pod', async () => {
    const { api, requests } = await cluster(['shop/web']);
    expect(await getObject(api, kindByName('pod'), 'shop', 'web')).toEqual({
      metadata: { namespace: 'shop', name: 'web' },
    });
    expect(requests).toHaveLength(1);
  });

  it('suggests at most three similar names, the best first', async () => {
    expect(
      await stepsFor(
        ['shop/web-3', 'shop/web-11', 'shop/wab-1', 'shop/db', 'other/web-1x', 'shop/web-1a'],
        'web-1',
      ),
    ).toEqual([expect.stringMatching(/^[^"]*"web-3"[^"]*"web-11"[^"]*"wab-1"[^"]*$/)]);
  });

  it('suggests names with this prefix, such as pods of a deployment', async () => {
    expect(await stepsFor(['shop/web-6f7c9d-x2x4z', 'shop/api-1'], 'web')).toEqual([
      expect.stringContaining('"web-6f7c9d-x2x4z"'),
    ]);
  });

  it('finds the name in another namespace', async () => {
    const steps = await stepsFor(['live/web', 'shop/db-with-a-long-name'], 'web');
    expect(steps).toEqual([expect.stringMatching(/ -n live$/)]);
  });

  it('gives general advice if no name is similar, or listing is forbidden', async () => {
    const general = [expect.stringMatching(/^kubectl get pods -n shop /)];
    expect(await stepsFor(['shop/something-else'], 'web')).toEqual(general);
    const lists = (request: ReceivedRequest) => request.path.endsWith('/pods');
    expect(await stepsFor(['shop/web-1', 'live/web'], 'web', lists)).toEqual(general);
  });

  it('works without permission to list the whole cluster', async () => {
    const all = (request: ReceivedRequest) => request.path === '/api/v1/pods';
    expect(await stepsFor(['shop/web-1', 'live/web'], 'web', all)).toEqual([
      expect.stringContaining('"web-1"'),
    ]);
  });

  it('passes on every other refusal', async () => {
    const { api } = await cluster([], () => true);
    await expect(getObject(api, kindByName('pod'), 'shop', 'web')).rejects.toMatchObject({
      code: 403,
    });
  });
});
