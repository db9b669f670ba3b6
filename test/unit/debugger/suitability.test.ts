import { describe, expect, it } from 'vitest';
import { refuseUnsuitable, refuseWindowsNode } from '../../../src/debugger/suitability.ts';
import { readNode } from '../../../src/kube/node.ts';
import type { ContainerStatus, Pod } from '../../../src/kube/pod.ts';
import { fakeServer, json, status as refusal } from '../kube/fakeServer.ts';
import { podWith } from './pods.ts';

/** The reason of the cluster why a pod cannot be entered; undefined if it can. */
type Reason = readonly string[] | undefined;

function expectVerdict(pod: Pod, reason: Reason): void {
  const judge = () => refuseUnsuitable(pod);
  if (reason)
    expect(judge).toThrow(
      expect.objectContaining({
        kind: 'unsuitable',
        message: expect.stringMatching(['"web"', ...reason].join('.*')),
        next: expect.arrayContaining([expect.any(String)]),
      }),
    );
  else expect(judge).not.toThrow();
}

const inits = (state: ContainerStatus['state']) => [{ name: 'init', ...(state && { state }) }];
const condition = (type: string, status: string, message?: string) => [
  { type, status, ...(message !== undefined && { message }) },
];

describe('whether a pod can be entered', () => {
  it.each<[string, Pod, Reason]>([
    ['running', podWith(), undefined],
    [
      'crash-looping',
      podWith({
        status: {
          containerStatuses: [{ name: 'main', state: { waiting: { reason: 'CrashLoopBackOff' } } }],
          conditions: condition('Ready', 'False', 'containers with unready status: [main]'),
        },
      }),
      undefined,
    ],
    [
      'pending, unscheduled',
      podWith({
        status: {
          phase: 'Pending',
          conditions: condition('PodScheduled', 'False', '0/3 nodes are available'),
        },
      }),
      ['Pending', '0/3 nodes are available'],
    ],
    ['pending, nothing known', podWith({ status: { phase: 'Pending' } }), ['Pending']],
    [
      'pending, an init container waits',
      podWith({ status: { phase: 'Pending', initContainerStatuses: inits({ waiting: {} }) } }),
      ['Pending'],
    ],
    [
      'pending, an init container runs',
      podWith({ status: { phase: 'Pending', initContainerStatuses: inits({ running: {} }) } }),
      undefined,
    ],
    [
      'pending, an init container has failed',
      podWith({
        status: { phase: 'Pending', initContainerStatuses: inits({ terminated: { exitCode: 1 } }) },
      }),
      undefined,
    ],
    [
      'pending, its sandbox is ready',
      podWith({
        status: { phase: 'Pending', conditions: condition('PodReadyToStartContainers', 'True') },
      }),
      undefined,
    ],
    [
      'pending, its sandbox is not',
      podWith({
        status: {
          phase: 'Pending',
          conditions: condition('PodReadyToStartContainers', 'False', 'no network'),
        },
      }),
      ['Pending', 'no network'],
    ],
    ['finished', podWith({ status: { phase: 'Succeeded' } }), ['Succeeded']],
    [
      'evicted',
      podWith({
        status: { phase: 'Failed', reason: 'Evicted', message: 'The node was low on memory.' },
      }),
      ['Failed', 'The node was low on memory'],
    ],
    [
      'failed, its sandbox once ready',
      podWith({
        status: {
          phase: 'Failed',
          conditions: condition('PodReadyToStartContainers', 'True'),
          reason: 'NodeLost',
        },
      }),
      ['Failed', 'NodeLost'],
    ],
    ['unknown', podWith({ status: { phase: 'Unknown' } }), ['Unknown']],
    ['without a status', { metadata: podWith().metadata, spec: podWith().spec }, ['Unknown']],
    [
      'being deleted',
      podWith({ metadata: { deletionTimestamp: '2026-01-01T00:00:00Z' } }),
      ['2026-01-01T00:00:00Z'],
    ],
    [
      'static, which can be entered from the node',
      podWith({ metadata: { annotations: { 'kubernetes.io/config.mirror': 'abc' } } }),
      undefined,
    ],
    ['Windows by its spec', podWith({ spec: { os: { name: 'windows' } } }), ['Windows']],
    [
      'Windows by its node selector',
      podWith({ spec: { nodeSelector: { 'kubernetes.io/os': 'windows' } } }),
      ['Windows'],
    ],
    [
      'Linux by both',
      podWith({ spec: { os: { name: 'linux' }, nodeSelector: { 'kubernetes.io/os': 'linux' } } }),
      undefined,
    ],
  ])('%s', (_, pod, reason) => {
    expectVerdict(pod, reason);
  });
});

describe('the node of a pod', () => {
  const verdictOn = (labels: Record<string, string> | undefined, pod = podWith()) => {
    const node = { metadata: labels ? { labels } : {} };
    return () => refuseWindowsNode(pod, node);
  };

  it('is refused if it runs Windows', () => {
    expect(verdictOn({ 'kubernetes.io/os': 'windows' })).toThrow(
      expect.objectContaining({ kind: 'unsuitable' }),
    );
  });

  it('is accepted if it runs Linux, has no labels, or may not be read', () => {
    expect(verdictOn({ 'kubernetes.io/os': 'linux' })).not.toThrow();
    expect(verdictOn(undefined)).not.toThrow();
    expect(() => refuseWindowsNode(podWith(), undefined)).not.toThrow();
  });

  it.each<[string, number, unknown, unknown]>([
    ['is read', 200, { metadata: {} }, { metadata: {} }],
    [
      'is unknown if it may not be read',
      403,
      refusal(403, 'Forbidden', 'nodes is forbidden'),
      undefined,
    ],
  ])('%s', async (_, code, body, expected) => {
    const { api, requests } = await fakeServer({
      rest: (_, response) => json(response, code, body),
    });
    expect(await readNode(api, 'node-1')).toEqual(expected);
    expect(requests.map(({ path }) => path)).toEqual(['/api/v1/nodes/node-1']);
  });

  it('is refused if it does not exist', async () => {
    const body = refusal(404, 'NotFound', 'nodes "node-1" not found');
    const { api } = await fakeServer({ rest: (_, response) => json(response, 404, body) });
    await expect(readNode(api, 'node-1')).rejects.toMatchObject({ kind: 'not-found' });
  });
});
