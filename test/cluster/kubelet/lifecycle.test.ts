import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { objectAt, objectsAt } from '../apiserver/json.ts';
import { type LocalCluster, startCluster } from '../cluster.ts';
import { addEphemeral, createPod, podWhen, runIn, running, statusOf } from '../podsForTests.ts';
import { whyNoClusterHere } from '../requirements.ts';
import type { Pod } from './pod.ts';

const obstacle = await whyNoClusterHere();
const note = obstacle ? ` (skipped: ${obstacle})` : '';
const image = 'busybox:1.36';
const wait = ['sh', '-c', 'trap "exit 0" TERM; sleep 1000 & wait'];

describe.skipIf(obstacle)(`pod lifecycle on the local cluster${note}`, () => {
  let cluster: LocalCluster;

  beforeAll(async () => {
    cluster = await startCluster();
    cluster.store.update('nodes', undefined, 'node-a', (node) => {
      node.metadata.annotations = { 'netdebug.test/storage-period': '0.3' };
      return node;
    });
  });
  afterAll(() => cluster?.close());

  /** The events about a pod, as `Warning Evicted …`. */
  function eventsOf(pod: string): string[] {
    return cluster.store
      .list('events')
      .filter(({ involvedObject }) => objectAt(involvedObject).name === pod)
      .map(({ type, reason, message }) => `${type} ${reason} ${message}`);
  }

  async function evicted(name: string): Promise<Pod> {
    const { store } = cluster;
    return podWhen(store, name, (pod) => pod?.status.phase === 'Failed' && pod);
  }

  test('a node that restarts runs ephemeral containers again, including finished ones', async () => {
    const { store } = cluster;
    const logged = ['sh', '-c', 'echo ran'];
    createPod(store, 'rebooted', {
      nodeName: 'node-b',
      initContainers: [{ name: 'before', image, command: logged }],
      containers: [{ name: 'main', image, command: wait }],
    });
    addEphemeral(store, 'rebooted', { name: 'done', image, command: logged });
    addEphemeral(store, 'rebooted', { name: 'stays', image, command: wait });
    createPod(store, 'finished', {
      nodeName: 'node-b',
      restartPolicy: 'Never',
      containers: [{ name: 'main', image, command: logged }],
    });
    await running(store, 'rebooted', 'main');
    await running(store, 'rebooted', 'stays');
    await podWhen(store, 'finished', (pod) => pod?.status.phase === 'Succeeded');
    await podWhen(store, 'rebooted', (pod) => {
      const state = statusOf(pod, 'done')?.state;
      return state !== undefined && 'terminated' in state;
    });
    const [before] = [await podWhen(store, 'rebooted', (pod) => pod)];
    cluster.restartNode('node-b');
    const pod = await podWhen(store, 'rebooted', (current) => {
      const restarts = ['before', 'main', 'done', 'stays'].map(
        (name) => statusOf(current, name)?.restartCount,
      );
      const runs = ['main', 'stays'].every(
        (name) => 'running' in (statusOf(current, name)?.state ?? {}),
      );
      return restarts.every((count) => count === 1) && runs && current;
    });
    expect(statusOf(pod, 'main')?.lastState).toMatchObject({
      terminated: { exitCode: 255, reason: 'Unknown' },
    });
    expect(statusOf(pod, 'stays')?.lastState).toMatchObject({ terminated: { exitCode: 255 } });
    expect(statusOf(pod, 'done')?.lastState).toMatchObject({ terminated: { exitCode: 0 } });
    expect(pod.status.podIP).not.toBe(before.status.podIP);
    const finished = await podWhen(store, 'finished', (current) => current);
    expect(finished.status.phase).toBe('Succeeded');
    expect(eventsOf('node-b').join('\n')).toMatch(
      /Normal Starting .*\nWarning Rebooted Node node-b has/,
    );
  });

  test('an annotation on the pod kills its sandbox; init containers run again, ephemeral ones do not', async () => {
    const { store } = cluster;
    createPod(store, 'shaken', {
      terminationGracePeriodSeconds: 0,
      initContainers: [{ name: 'before', image, command: ['true'] }],
      containers: [{ name: 'main', image, command: wait }],
    });
    addEphemeral(store, 'shaken', { name: 'debugger', image, command: wait });
    await running(store, 'shaken', 'main');
    await running(store, 'shaken', 'debugger');
    cluster.killSandbox('default', 'shaken');
    const pod = await podWhen(store, 'shaken', (current) => {
      const main = statusOf(current, 'main');
      return main?.restartCount === 1 && 'running' in main.state && current;
    });
    expect(statusOf(pod, 'before')?.restartCount).toBe(1);
    expect(statusOf(pod, 'debugger')).toMatchObject({ restartCount: 0 });
    expect(statusOf(pod, 'debugger')?.state).toHaveProperty('terminated');
    expect(eventsOf('shaken').join('\n')).toContain('Normal SandboxChanged Pod sandbox changed');
  });

  test("data written by an ephemeral container counts against its pod's limit, and evicts it", async () => {
    const { store } = cluster;
    const limits = { 'ephemeral-storage': '2Mi' };
    const containers = [{ name: 'main', image, command: wait, resources: { limits } }];
    createPod(store, 'greedy', { nodeName: 'node-a', containers });
    createPod(store, 'modest', { nodeName: 'node-a', containers });
    const write = (megabytes: number) => [
      'sh',
      '-c',
      `head -c ${megabytes}000000 /dev/urandom > /tmp/x; exec sleep 1000`,
    ];
    addEphemeral(store, 'modest', { name: 'debugger', image, command: write(1) });
    await running(store, 'modest', 'debugger');
    addEphemeral(store, 'greedy', { name: 'debugger', image, command: write(4) });
    const pod = await evicted('greedy');
    const message = 'Pod ephemeral local storage usage exceeds the total limit of containers 2Mi. ';
    expect(pod.status).toMatchObject({ phase: 'Failed', reason: 'Evicted', message });
    for (const name of ['main', 'debugger'])
      expect(statusOf(pod, name)?.state).toHaveProperty('terminated');
    expect(eventsOf('greedy')).toContain(`Warning Evicted ${message}`);
    expect(eventsOf('greedy')).toContain('Normal Killing Stopping container debugger');
    expect(store.get('pods', 'default', 'modest')?.status).toMatchObject({ phase: 'Running' });
  });

  test('logs and emptyDir volumes count, memory does not', async () => {
    const { store, runtime } = cluster;
    const fill = (path: string) => [
      'sh',
      '-c',
      `head -c 3000000 /dev/urandom > ${path}/x; exec sleep 1000`,
    ];
    const volumes = [
      { name: 'disk', emptyDir: { sizeLimit: '2Mi' } },
      { name: 'memory', emptyDir: { medium: 'Memory', sizeLimit: '8Mi' } },
    ];
    const volumeMounts = [
      { name: 'disk', mountPath: '/disk' },
      { name: 'memory', mountPath: '/memory' },
    ];
    const resources = { limits: { 'ephemeral-storage': '2Mi' } };
    const main = { name: 'main', image, volumeMounts };
    createPod(store, 'in-memory', {
      nodeName: 'node-a',
      volumes,
      containers: [{ ...main, resources, command: fill('/memory') }],
    });
    createPod(store, 'on-disk', {
      nodeName: 'node-a',
      volumes,
      containers: [{ ...main, command: fill('/disk') }],
    });
    createPod(store, 'chatty', {
      nodeName: 'node-a',
      containers: [
        { name: 'main', image, resources, command: ['sh', '-c', 'seq 400000; exec sleep 1000'] },
      ],
    });
    expect((await evicted('on-disk')).status.message).toBe(
      'Usage of EmptyDir volume "disk" exceeds the limit "2Mi". ',
    );
    expect((await evicted('chatty')).status.message).toMatch(
      /^Pod ephemeral local storage usage exceeds/,
    );
    addEphemeral(store, 'in-memory', { name: 'debugger', image, volumeMounts, command: wait });
    await running(store, 'in-memory', 'debugger');
    const { stdout } = await runIn(runtime, 'in-memory', 'debugger', [
      'sh',
      '-c',
      'df -k /memory | tail -n 1; stat -c %s /memory/x',
    ]);
    expect(stdout).toMatch(/^tmpfs +8192 .*\n3000000\n/);
    expect(store.get('pods', 'default', 'in-memory')?.status).toMatchObject({ phase: 'Running' });
  });

  test('a silent node and its pods are not ready, and nothing on it changes', async () => {
    const { store, runtime } = cluster;
    createPod(store, 'silent', {
      nodeName: 'node-b',
      containers: [{ name: 'main', image, command: wait }],
    });
    await running(store, 'silent', 'main');
    cluster.setReady('node-b', false);
    const node = store.get('nodes', undefined, 'node-b');
    expect(objectsAt(objectAt(node?.status).conditions).at(-1)).toMatchObject({
      type: 'Ready',
      status: 'Unknown',
      reason: 'NodeStatusUnknown',
      message: 'Kubelet stopped posting node status.',
    });
    expect(objectsAt(objectAt(node?.spec).taints)).toMatchObject([
      { key: 'node.kubernetes.io/unreachable', effect: 'NoSchedule' },
      { key: 'node.kubernetes.io/unreachable', effect: 'NoExecute' },
    ]);
    const readiness = (pod: Pod | undefined) =>
      pod?.status.conditions?.find(({ type }) => type === 'Ready')?.status;
    expect(await podWhen(store, 'silent', readiness)).toBe('False');
    expect(() => runtime.container('default', 'silent', 'main')).toThrow(
      /^error dialing backend: dial tcp 172\.30\.\d+\.12:10250: connect: connection refused$/,
    );
    addEphemeral(store, 'silent', { name: 'debugger', image, command: wait });
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(statusOf(await podWhen(store, 'silent', (pod) => pod), 'debugger')).toBeUndefined();
    cluster.setReady('node-b', true);
    await running(store, 'silent', 'debugger');
    await podWhen(store, 'silent', (pod) => readiness(pod) === 'True');
    expect(objectAt(store.get('nodes', undefined, 'node-b')?.spec).taints).toBeUndefined();
  });

  test('image pulls may take time, and Always means every time', async () => {
    const { store } = cluster;
    const metadata = { 'netdebug.test/pull-seconds': '1' };
    createPod(store, 'patient', { containers: [{ name: 'main', image, command: wait }] }, metadata);
    createPod(store, 'anew', {
      containers: [{ name: 'main', image, imagePullPolicy: 'Always', command: wait }],
    });
    await running(store, 'anew', 'main');
    expect(statusOf(await podWhen(store, 'patient', (pod) => pod), 'main')?.state).toMatchObject({
      waiting: { reason: 'ContainerCreating' },
    });
    await running(store, 'patient', 'main');
    expect(eventsOf('patient').filter((text) => text.includes('Pull'))).toEqual([
      `Normal Pulling Pulling image "${image}"`,
      expect.stringMatching(
        /^Normal Pulled Successfully pulled image "busybox:1.36" in \d+ms \(\d+ms including waiting\)\. Image size: \d+ bytes\.$/,
      ),
    ]);
    expect(eventsOf('anew').filter((text) => text.includes('Pull'))).toHaveLength(2);
  });

  test("a pod in the host's namespaces finds other pods through their control groups, and enters their network", async () => {
    const { store, runtime } = cluster;
    const resources = { limits: { cpu: '100m', memory: '32Mi' } };
    createPod(
      store,
      'app',
      { nodeName: 'node-a', containers: [{ name: 'main', image, command: wait, resources }] },
      {},
      'Guaranteed',
    );
    createPod(store, 'besides', {
      nodeName: 'node-a',
      containers: [{ name: 'main', image, command: wait }],
    });
    await running(store, 'app', 'main');
    await running(store, 'besides', 'main');
    createPod(store, 'host', {
      nodeName: 'node-a',
      hostPID: true,
      hostNetwork: true,
      volumes: [{ name: 'root', hostPath: { path: '/' } }],
      containers: [
        {
          name: 'main',
          image: 'nicolaka/netshoot:v0.14',
          command: wait,
          securityContext: { privileged: true },
          volumeMounts: [{ name: 'root', mountPath: '/host', readOnly: true }],
        },
      ],
    });
    await running(store, 'host', 'main');
    const app = await podWhen(store, 'app', (pod) => pod?.status.podIP !== undefined && pod);
    const script = `
      for file in $(grep -l "pod$1/" /proc/[0-9]*/cgroup); do
        pid=\${file#/proc/} pid=\${pid%/cgroup}
        [ "$(cat /proc/$pid/comm)" = pause ] || continue
        grep -o '/kubepods.*' "$file" | sort -u
        nsenter -t "$pid" -n ip -4 -o address show eth0
      done
      ls -d "/host/var/lib/kubelet/pods/$1"
      touch /host/tmp/x || echo read-only`;
    const { stdout } = await runIn(runtime, 'host', 'main', [
      'sh',
      '-c',
      script,
      'sh',
      app.metadata.uid,
    ]);
    expect(stdout).toMatch(new RegExp(`^/kubepods/pod${app.metadata.uid}/[0-9a-f]{64}$`, 'm'));
    expect(stdout).toContain(`inet ${app.status.podIP}/24`);
    expect(stdout).toContain('read-only');
    expect(stdout).toContain(`/host/var/lib/kubelet/pods/${app.metadata.uid}`);
    const besides = await podWhen(store, 'besides', (pod) => pod?.metadata.uid);
    const shape = await runIn(runtime, 'host', 'main', [
      'sh',
      '-c',
      'cat /proc/[0-9]*/cgroup | grep "$1"',
      'sh',
      besides,
    ]);
    expect(shape.stdout).toContain(`/kubepods/besteffort/pod${besides}/`);
  });
});
