import { setTimeout as delay } from 'node:timers/promises';
import { CoreV1Api, KubeConfig } from '@kubernetes/client-node';
import { describe, expect, test } from 'vitest';
import { type ClusterProcess, startClusterProcess } from './clusterProcess.ts';
import { findLeftovers } from './leftovers.ts';
import { whyNoClusterHere } from './requirements.ts';

const obstacle = await whyNoClusterHere();
const note = obstacle ? ` (skipped: ${obstacle})` : '';

describe.skipIf(obstacle)(`a cluster leaves nothing${note}`, () => {
  test('after a clean end', async () => {
    const cluster = await startClusterProcess();
    await runPods(cluster);
    await expectTraces(cluster);
    await cluster.end();
    expect(await findLeftovers(cluster.folder)).toEqual([]);
  });

  test('after SIGKILL of its process', async () => {
    const cluster = await startClusterProcess();
    await runPods(cluster);
    await cluster.kill();
    await expectNothingSoon(cluster);
  });

  test('beside another cluster, which continues', async () => {
    const [first, other] = await Promise.all([startClusterProcess(), startClusterProcess()]);
    await Promise.all([runPods(first), runPods(other)]);
    await first.kill();
    await expectNothingSoon(first);
    await expectTraces(other);
    await other.end();
    expect(await findLeftovers(other.folder)).toEqual([]);
  });
});

/** Starts a pod on each node, and waits until they run. */
async function runPods({ kubeconfig }: ClusterProcess): Promise<void> {
  const config = new KubeConfig();
  config.loadFromFile(kubeconfig);
  const api = config.makeApiClient(CoreV1Api);
  const container = { name: 'main', image: 'nginx:1.27', command: ['sleep', 'infinity'] };
  for (const nodeName of ['node-a', 'node-b']) {
    const body = { metadata: { name: nodeName }, spec: { nodeName, containers: [container] } };
    await api.createNamespacedPod({ namespace: 'default', body });
  }
  await expect
    .poll(
      async () => {
        const { items } = await api.listNamespacedPod({ namespace: 'default' });
        return items.map(({ status }) => status?.phase);
      },
      { timeout: 60_000 },
    )
    .toEqual(['Running', 'Running']);
}

/** Otherwise a search that finds nothing would prove nothing. */
async function expectTraces({ folder }: ClusterProcess): Promise<void> {
  const kinds = (await findLeftovers(folder)).map((line) => line.split(' ')[0]);
  expect(new Set(kinds)).toEqual(new Set(['folder', 'link', 'control', 'process']));
}

/** The cleaning after a killed process takes a few seconds. */
async function expectNothingSoon({ folder }: ClusterProcess): Promise<void> {
  const deadline = Date.now() + 60_000;
  while ((await findLeftovers(folder)).length > 0 && Date.now() < deadline) await delay(50);
  expect(await findLeftovers(folder)).toEqual([]);
}
