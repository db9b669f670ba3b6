import { describe, expect, it } from 'vitest';
import { refuseUnsuitable, refuseWindowsNode } from '../../../src/debugger/suitability.ts';
import type { ContainerStatus, Pod } from '../../../src/kube/pod.ts';
import { Problem } from '../../../src/problem.ts';
import { fakeServer, json, status as refusal } from '../kube/fakeServer.ts';
import { podWith } from './pods.ts';

function verdict(pod: Pod): string {
  try {
    refuseUnsuitable(pod);
    return 'suitable';
  } catch (error) {
    expect(error).toBeInstanceOf(Problem);
    expect((error as Problem).next.length).toBeGreaterThan(0);
    return (error as Problem).message;
  }
}

const inits = (state: ContainerStatus['state']) => [{ name: 'init', ...(state && { state }) }];
const condition = (type: string, status: string, message?: string) => [
  { type, status, ...(message !== undefined && { message }) },
];

describe('which pods can be entered', () => {
  it.each<[string, Pod, string]>([
    ['a running one', podWith(), 'suitable'],
    [
      'a crash-looping one',
      podWith({
        status: {
          containerStatuses: [{ name: 'main', state: { waiting: { reason: 'CrashLoopBackOff' } } }],
          conditions: condition('Ready', 'False', 'containers with unready status: [main]'),
        },
      }),
      'suitable',
    ],
    [
      'pending, unscheduled',
      podWith({
        status: {
          phase: 'Pending',
          conditions: condition('PodScheduled', 'False', '0/3 nodes are available'),
        },
      }),
      'pod "web" is not running: Pending, 0/3 nodes are available',
    ],
    [
      'pending, nothing known',
      podWith({ status: { phase: 'Pending' } }),
      'pod "web" is not running: Pending',
    ],
    [
      'pending, an init container waits',
      podWith({ status: { phase: 'Pending', initContainerStatuses: inits({ waiting: {} }) } }),
      'pod "web" is not running: Pending',
    ],
    [
      'pending, an init container runs',
      podWith({ status: { phase: 'Pending', initContainerStatuses: inits({ running: {} }) } }),
      'suitable',
    ],
    [
      'pending, an init container has failed',
      podWith({
        status: { phase: 'Pending', initContainerStatuses: inits({ terminated: { exitCode: 1 } }) },
      }),
      'suitable',
    ],
    [
      'pending, its sandbox is ready',
      podWith({
        status: { phase: 'Pending', conditions: condition('PodReadyToStartContainers', 'True') },
      }),
      'suitable',
    ],
    [
      'pending, its sandbox is not',
      podWith({
        status: {
          phase: 'Pending',
          conditions: condition('PodReadyToStartContainers', 'False', 'no network'),
        },
      }),
      'pod "web" is not running: Pending, no network',
    ],
    [
      'finished',
      podWith({ status: { phase: 'Succeeded' } }),
      'pod "web" has finished (Succeeded): it has no network',
    ],
    [
      'evicted',
      podWith({
        status: { phase: 'Failed', reason: 'Evicted', message: 'The node was low on memory.' },
      }),
      'pod "web" has finished (Failed, The node was low on memory.): it has no network',
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
      'pod "web" has finished (Failed, NodeLost): it has no network',
    ],
    ['unknown', podWith({ status: { phase: 'Unknown' } }), 'pod "web" is not running: Unknown'],
    [
      'without a status',
      { metadata: podWith().metadata, spec: podWith().spec },
      'pod "web" is not running: Unknown',
    ],
    [
      'being deleted',
      podWith({ metadata: { deletionTimestamp: '2026-01-01T00:00:00Z' } }),
      'pod "web" is being deleted (since 2026-01-01T00:00:00Z)',
    ],
    [
      'static',
      podWith({ metadata: { annotations: { 'kubernetes.io/config.mirror': 'abc' } } }),
      'pod "web" is a static pod: the API server allows no ephemeral containers in it',
    ],
    [
      'Windows by its spec',
      podWith({ spec: { os: { name: 'windows' } } }),
      'pod "web" runs on Windows: its network cannot be entered from a Linux container',
    ],
    [
      'Windows by its node selector',
      podWith({ spec: { nodeSelector: { 'kubernetes.io/os': 'windows' } } }),
      'pod "web" runs on Windows: its network cannot be entered from a Linux container',
    ],
    [
      'Linux by both',
      podWith({ spec: { os: { name: 'linux' }, nodeSelector: { 'kubernetes.io/os': 'linux' } } }),
      'suitable',
    ],
  ])('%s', (_, pod, expected) => {
    expect(verdict(pod)).toBe(expected);
  });
});

describe('its node', () => {
  async function asked(code: number, body: unknown, pod = podWith()) {
    const { api, seen } = await fakeServer({ rest: (_, response) => json(response, code, body) });
    const error = await refuseWindowsNode(api, pod).catch((reason: unknown) => reason);
    return { error, paths: seen.map(({ path }) => path) };
  }

  it('runs Windows', async () => {
    const { error, paths } = await asked(200, {
      metadata: { labels: { 'kubernetes.io/os': 'windows' } },
    });
    expect(String(error)).toMatch(/runs on Windows/);
    expect(paths).toEqual(['/api/v1/nodes/node-1']);
  });

  it.each<[string, number, unknown]>([
    ['runs Linux', 200, { metadata: { labels: { 'kubernetes.io/os': 'linux' } } }],
    ['has no labels', 200, { metadata: {} }],
    ['may not be read', 403, refusal(403, 'Forbidden', 'nodes is forbidden')],
    ['is gone', 404, refusal(404, 'NotFound', 'nodes "node-1" not found')],
  ])('%s: let through', async (_, code, body) => {
    expect((await asked(code, body)).error).toBe(undefined);
  });

  it('is not asked about while there is none', async () => {
    const { metadata, spec } = podWith();
    const pod = { metadata, spec: { containers: spec.containers } };
    expect(await asked(200, {}, pod)).toEqual({ error: undefined, paths: [] });
  });
});
