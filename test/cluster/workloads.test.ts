import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { CoreV1Api, KubeConfig } from '@kubernetes/client-node';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type LocalCluster, startCluster } from './cluster.ts';
import { findHostProgram } from './images/hostPrograms.ts';
import { createPod, podWhen, runIn, running } from './podsForTests.ts';
import { whyNoClusterHere } from './requirements.ts';
import { createSamples } from './samples.ts';

const obstacle = await whyNoClusterHere();
const hasIptables = (await findHostProgram('iptables-restore')) !== undefined;
const note = obstacle ? ` (skipped: ${obstacle})` : '';

describe.skipIf(obstacle)(`workloads on the local cluster${note}`, () => {
  let cluster: LocalCluster;
  let api: CoreV1Api;

  beforeAll(async () => {
    cluster = await startCluster();
    const config = new KubeConfig();
    config.loadFromFile(cluster.kubeconfig);
    api = config.makeApiClient(CoreV1Api);
    await createSamples(cluster);
  });
  afterAll(() => cluster?.close());

  /** Pod name -> phase, and why its containers are waiting or how they have ended. */
  async function states(): Promise<Record<string, string>> {
    const { items } = await api.listNamespacedPod({ namespace: 'samples' });
    return Object.fromEntries(
      items.map(({ metadata, status }) => {
        const all = [
          ...(status?.initContainerStatuses ?? []),
          ...(status?.containerStatuses ?? []),
        ];
        const reasons = all.map(({ state }) => state?.waiting?.reason ?? state?.terminated?.reason);
        const name = metadata?.labels?.app ?? metadata?.name ?? '';
        return [name, [status?.phase, ...reasons.filter(Boolean)].join(' ')];
      }),
    );
  }

  test('the samples reach their expected states', async () => {
    await expect.poll(states, { timeout: 30_000, interval: 200 }).toEqual({
      client: 'Running',
      crashing: expect.stringMatching(/^Running (Error|CrashLoopBackOff)$/),
      distroless: 'Running',
      finished: 'Succeeded Completed',
      guaranteed: 'Running',
      'host-network': 'Running',
      'init-stuck': 'Pending PodInitializing',
      'no-image': expect.stringMatching(/^Pending (ErrImagePull|ImagePullBackOff)$/),
      'no-reaper': 'Running',
      nonroot: 'Running',
      pending: 'Pending',
      'shared-processes': 'Running',
      'static-web': 'Running',
      'two-containers': 'Running',
      web: 'Running',
      windows: 'Running',
    });
    const { items } = await api.listNamespacedPod({
      namespace: 'samples',
      labelSelector: 'app=client',
    });
    expect(items.map(({ spec }) => spec?.nodeName).sort()).toEqual(['node-a', 'node-b']);
    const guaranteed = await api.readNamespacedPod({ namespace: 'samples', name: 'guaranteed' });
    expect(guaranteed.status?.qosClass).toBe('Guaranteed');
  });

  test.skipIf(!hasIptables)(
    'the address of a service reaches its pods from every node',
    async () => {
      const ask = ['wget', '-qO-', 'http://10.96.0.80/'];
      for (const nodeName of ['node-a', 'node-b']) {
        createPod(cluster.store, nodeName, {
          nodeName,
          containers: [{ name: 'main', image: 'busybox:1.36', command: ['sleep', '1000'] }],
        });
        await running(cluster.store, nodeName, 'main');
        for (let times = 0; times < 6; times += 1) {
          const answer = () => runIn(cluster.runtime, nodeName, 'main', ask);
          await expect.poll(answer, { timeout: 10_000 }).toMatchObject({ stdout: 'ok\n' });
        }
      }
      const { items } = await api.listNamespacedPod({
        namespace: 'samples',
        labelSelector: 'app=web',
      });
      const logs = items.map(({ metadata }) =>
        cluster.runtime.logFile('samples', metadata?.name ?? '', 'nginx'),
      );
      const askers = (await Promise.all(logs.map((log) => readFile(log ?? '', 'utf8')))).join('');
      for (const name of ['node-a', 'node-b']) {
        const ip = await podWhen(cluster.store, name, (pod) => pod?.status.podIP);
        expect(askers).toContain(`F ${ip} - -`);
      }
      // No request may come from the node's own address in the pod network, which would hide the client's address.
      if (existsSync('/proc/sys/net/bridge/bridge-nf-call-iptables'))
        expect(askers).not.toMatch(/F 10\.244\.\d\.1 - -/);
    },
  );

  test('pods that are not ready are not endpoints', async () => {
    createPod(cluster.store, 'late', {
      containers: [
        {
          name: 'main',
          image: 'busybox:1.36',
          command: ['sh', '-c', 'sleep 2; touch /tmp/ready; sleep 1000'],
          readinessProbe: { exec: { command: ['ls', '/tmp/ready'] }, periodSeconds: 1 },
        },
      ],
    });
    await running(cluster.store, 'late', 'main');
    const ready = (status: string) =>
      podWhen(cluster.store, 'late', (pod) => {
        const found = pod?.status.conditions?.find(({ type }) => type === 'Ready');
        return found?.status === status;
      });
    await ready('False');
    await ready('True');
  });

  test('a container that fails its liveness probe is restarted', async () => {
    createPod(cluster.store, 'dying', {
      terminationGracePeriodSeconds: 0,
      containers: [
        {
          name: 'main',
          image: 'nginx:1.27',
          livenessProbe: { tcpSocket: { port: 81 }, periodSeconds: 1, failureThreshold: 1 },
        },
        {
          name: 'other',
          image: 'busybox:1.36',
          command: ['sleep', '1000'],
          livenessProbe: {
            httpGet: { port: 80, path: '/' },
            periodSeconds: 1,
            failureThreshold: 1,
          },
        },
      ],
    });
    const pod = await podWhen(cluster.store, 'dying', (current) => {
      const statuses = current?.status.containerStatuses ?? [];
      return (
        statuses.some(({ name, restartCount }) => name === 'main' && restartCount > 0) && current
      );
    });
    expect(pod.status.containerStatuses?.find(({ name }) => name === 'other')?.restartCount).toBe(
      0,
    );
    const events = cluster.store
      .list('events')
      .map(({ reason, message }) => `${reason} ${message}`);
    expect(events.join('\n')).toMatch(
      /Unhealthy Liveness probe failed: dial tcp 10\.244\.\d\.\d+:81: connect: connection refused/,
    );
    expect(events).toContain('Killing Container main failed liveness probe, will be restarted');
  });
});
