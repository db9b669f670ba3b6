import { describe, expect, it } from 'vitest';
import { refuseUnsuitable, refuseWindowsNode } from '../../../src/debugger/suitability.ts';
import { readNode } from '../../../src/kube/node.ts';
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
      'static, which the node lets in',
      podWith({ metadata: { annotations: { 'kubernetes.io/config.mirror': 'abc' } } }),
      'suitable',
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
  const verdictOn = (labels: Record<string, string> | undefined, pod = podWith()) => {
    const node = { metadata: labels ? { labels } : {} };
    return () => refuseWindowsNode(pod, node);
  };

  it('runs Windows', () => {
    expect(verdictOn({ 'kubernetes.io/os': 'windows' })).toThrow(/runs on Windows/);
  });

  it('runs Linux, has no labels, or may not be read: let through', () => {
    expect(verdictOn({ 'kubernetes.io/os': 'linux' })).not.toThrow();
    expect(verdictOn(undefined)).not.toThrow();
    expect(() => refuseWindowsNode(podWith(), undefined)).not.toThrow();
  });

  it.each<[string, number, unknown, unknown]>([
    ['that is there', 200, { metadata: {} }, { metadata: {} }],
    ['that may not be read', 403, refusal(403, 'Forbidden', 'nodes is forbidden'), undefined],
  ])('%s', async (_, code, body, expected) => {
    const { api, seen } = await fakeServer({ rest: (_, response) => json(response, code, body) });
    expect(await readNode(api, 'node-1')).toEqual(expected);
    expect(seen.map(({ path }) => path)).toEqual(['/api/v1/nodes/node-1']);
  });

  it('that is not there', async () => {
    const body = refusal(404, 'NotFound', 'nodes "node-1" not found');
    const { api } = await fakeServer({ rest: (_, response) => json(response, 404, body) });
    await expect(readNode(api, 'node-1')).rejects.toThrow(/nodes "node-1" not found/);
  });
});
