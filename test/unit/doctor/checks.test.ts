import { describe, expect, it } from 'vitest';
import { debuggerContainer } from '../../../src/debugger/container.ts';
import { runtimeOf } from '../../../src/debugger/hiddenNetwork.ts';
import { execPathCheck } from '../../../src/doctor/execPathCheck.ts';
import { nodeChecks } from '../../../src/doctor/nodeChecks.ts';
import { podChecks } from '../../../src/doctor/podChecks.ts';
import { policyCheck } from '../../../src/doctor/policyCheck.ts';
import { renderDiagnosis } from '../../../src/doctor/renderDiagnosis.ts';
import { unstartedChecks } from '../../../src/doctor/unstartedChecks.ts';
import type { ContainerStatus } from '../../../src/kube/pod.ts';
import { CREATING, ENDED, podWith, podWithDebuggers, RUNNING } from '../debugger/pods.ts';
import { fakeServer, json, type Plain, status } from '../kube/fakeServer.ts';
import { recording } from '../kube/recordings.ts';

const { signal } = new AbortController();
const REQUEST = {
  profile: 'network',
  image: 'debug:1',
  pullPolicy: 'IfNotPresent',
  ttl: 60,
} as const;
const OWN = debuggerContainer('netdebug-network', REQUEST);

describe('a debugger in the pod that has not started', () => {
  const READY = { conditions: [{ type: 'Ready', status: 'True' }] };
  it.each<[string, ContainerStatus['state'] | undefined, string | undefined, RegExp]>([
    ['not seen by its node', undefined, 'not-started', /\bReady\b/],
    [
      'without an image',
      { waiting: { reason: 'ErrImagePull', message: 'gone' } },
      'image',
      /ErrImagePull: gone/,
    ],
    [
      'refused',
      { waiting: { reason: 'CreateContainerConfigError' } },
      'not-started',
      /CreateContainerConfigError/,
    ],
    ['being created', CREATING, 'warning', /ContainerCreating/],
    ['running', RUNNING, undefined, /^$/],
    ['ended', ENDED, undefined, /^$/],
  ])('%s', async (_, state, result, text) => {
    const { api } = await fakeServer({
      rest: (request, response) =>
        request.path.includes('/nodes/')
          ? json(response, 200, { metadata: {}, status: READY })
          : json(response, 403, status(403, 'Forbidden', 'no')),
    });
    const [check] = await unstartedChecks(api, podWithDebuggers([OWN, state]), REQUEST, signal);
    expect(check?.kind ?? check?.level).toBe(result);
    expect(check?.text ?? '').toMatch(text);
  });
});

describe('the exec path', () => {
  const proxy = recording<{ status: number; body: string }>('exec-through-kubectl-proxy-403');
  it.each<[string, Plain | undefined, string | undefined]>([
    ['open', undefined, 'ok'],
    ['closed by a proxy', { code: 403, body: proxy.body }, 'fail'],
    [
      'closed by a policy',
      {
        code: 400,
        body: status(
          400,
          'BadRequest',
          'admission webhook "x.example" denied the request: no exec',
        ),
      },
      'fail',
    ],
    [
      'closed because of missing permissions, which another check reports',
      {
        code: 403,
        body: status(
          403,
          'Forbidden',
          'pods "x" is forbidden: User "u" cannot get resource "pods/exec" in API group ""',
        ),
      },
      undefined,
    ],
  ])('%s', async (_, answer, level) => {
    const { api } = await fakeServer({ ...(answer && { check: () => answer }) });
    expect((await execPathCheck(api, 'shop', signal))[0]?.level).toBe(level);
  });
});

it('reports a namespace that does not exist', async () => {
  const { api } = await fakeServer({
    rest: (_, response) =>
      json(response, 404, status(404, 'NotFound', 'namespaces "shop" not found')),
  });
  expect(await policyCheck(api, 'shop', signal)).toMatchObject({
    level: 'fail',
    kind: 'not-found',
    text: expect.stringContaining('"shop"'),
  });
});

describe('the runtime class of a pod', () => {
  it.each([
    ['runc', 200, 'ok'],
    ['runsc', 200, 'warning'],
    ['unheard-of', 200, 'warning'],
    ['gone', 404, 'fail'],
  ])('%s', async (handler, code, level) => {
    const { api } = await fakeServer({
      rest: (_, response) =>
        json(response, code, code === 200 ? { handler } : status(code, 'NotFound', 'gone')),
    });
    const pod = podWith({ spec: { runtimeClassName: 'secure' } });
    const checks = podChecks(pod, await runtimeOf(api, pod));
    expect(checks.find(({ check }) => check === 'runtime')?.level).toBe(level);
  });
});

describe('the node', () => {
  it.each([
    ['True', 'ok'],
    ['False', 'fail'],
    ['Unknown', 'fail'],
  ])('with Ready %s', (ready, level) => {
    const status = {
      conditions: [{ type: 'Ready', status: ready }],
      nodeInfo: { operatingSystem: 'linux', architecture: 'amd64' },
    };
    const [check] = nodeChecks('node-a', { metadata: {}, status }, 'debug:1');
    expect(check?.level).toBe(level);
  });
});

it('prints a reason with several lines below each other', () => {
  const text = 'exec: executable nosuch not found\n\nSee the documentation:\n      https://x';
  const checks = [{ check: 'API server', level: 'fail', kind: 'configuration', text }] as const;
  expect([...renderDiagnosis({ ready: false, checks }, 'table', 80)].join('')).toContain(
    `FAIL     API server  exec: executable nosuch not found
                     See the documentation:
                     https://x
`,
  );
});
