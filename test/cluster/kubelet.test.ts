import { glob, readFile, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type LocalCluster, startCluster } from './cluster.ts';
import { podFrom } from './kubelet/pod.ts';
import {
  addEphemeral,
  createPod,
  deletePod,
  podWhen,
  runIn,
  running,
  statusOf,
} from './podsForTests.ts';
import { whyNoClusterHere } from './requirements.ts';

const obstacle = await whyNoClusterHere();
const note = obstacle ? ` (skipped: ${obstacle})` : '';
const image = 'busybox:1.36';
const wait = ['sh', '-c', 'sleep 1000'];

describe.skipIf(obstacle)(`the kubelet of the local cluster${note}`, () => {
  let cluster: LocalCluster;

  beforeAll(async () => {
    cluster = await startCluster();
  });
  afterAll(() => cluster?.close());

  test('connects pods on different nodes', async () => {
    const { store, runtime } = cluster;
    createPod(store, 'server', {
      nodeName: 'node-a',
      containers: [{ name: 'main', image: 'nginx:1.27' }],
    });
    createPod(store, 'client', {
      nodeName: 'node-b',
      containers: [{ name: 'main', image, command: wait }],
    });
    const ip = await podWhen(store, 'server', (pod) => pod?.status.podIP);
    await running(store, 'client', 'main');
    const response = await runIn(runtime, 'client', 'main', ['wget', '-qO-', `http://${ip}/`]);
    expect(response).toEqual({ stdout: 'ok\n', stderr: '', code: 0 });
  });

  test('runs a command over pipes in the same way as the runtime', async () => {
    const { store, runtime, nodes } = cluster;
    createPod(store, 'identity', {
      nodeName: 'node-a',
      containers: [
        {
          name: 'main',
          image,
          command: wait,
          workingDir: '/tmp',
          env: [
            { name: 'WHERE', valueFrom: { fieldRef: { fieldPath: 'spec.nodeName' } } },
            { name: 'SAID', value: 'on $(WHERE), not $(ELSEWHERE), for $$5' },
          ],
          securityContext: {
            runAsUser: 1000,
            runAsGroup: 2000,
            capabilities: { drop: ['ALL'], add: ['NET_RAW'] },
          },
        },
      ],
    });
    await running(store, 'identity', 'main');
    const script = 'id; pwd; env | sort; grep -E "Cap|NoNewPrivs|Seccomp" /proc/self/status';
    const command = ['sh', '-c', script];
    const spawned = await runIn(runtime, 'identity', 'main', command);
    const id = await podWhen(store, 'identity', (pod) => statusOf(pod, 'main')?.containerID);
    const direct = await nodes[0]?.cri.execSync(id.replace('containerd://', ''), command);
    expect(spawned.stdout).toBe(direct?.stdout.toString());
    expect(spawned.stdout).toContain('uid=1000 gid=2000');
    expect(spawned.stdout).toContain('SAID=on node-a, not $(ELSEWHERE), for $5');
  });

  test('runs init containers first, and reports how a container ended', async () => {
    const { store } = cluster;
    createPod(store, 'once', {
      restartPolicy: 'Never',
      initContainers: [{ name: 'before', image, command: ['true'] }],
      containers: [
        { name: 'main', image, command: ['sh', '-c', 'echo bye > /dev/termination-log; exit 3'] },
      ],
    });
    const pod = await podWhen(
      store,
      'once',
      (current) => current?.status.phase === 'Failed' && current,
    );
    expect(statusOf(pod, 'before')?.state).toMatchObject({
      terminated: { exitCode: 0, reason: 'Completed' },
    });
    expect(statusOf(pod, 'main')?.state).toMatchObject({
      terminated: { exitCode: 3, reason: 'Error', message: 'bye\n' },
    });
  });

  test('restarts crashed containers, with back-off', async () => {
    const { store } = cluster;
    createPod(store, 'crash', { containers: [{ name: 'main', image, command: ['false'] }] });
    const status = await podWhen(store, 'crash', (pod) => {
      const status = statusOf(pod, 'main');
      return status?.restartCount === 1 && 'waiting' in status.state && status;
    });
    expect(status.state).toMatchObject({ waiting: { reason: 'CrashLoopBackOff' } });
    expect(status.lastState).toMatchObject({ terminated: { exitCode: 1 } });
  });

  test('runs ephemeral containers once, in the process namespace of their target', async () => {
    const { store, runtime } = cluster;
    createPod(store, 'target', { containers: [{ name: 'main', image, command: wait }] });
    const seesTarget = { targetContainerName: 'main', image };
    addEphemeral(store, 'target', { ...seesTarget, name: 'stays', command: wait });
    addEphemeral(store, 'target', { name: 'ends', image, command: ['sh', '-c', 'exit 7'] });
    await running(store, 'target', 'stays');
    const { stdout } = await runIn(runtime, 'target', 'stays', ['ps']);
    expect(stdout.match(/sleep 1000/g)).toHaveLength(2);
    const ended = await podWhen(store, 'target', (pod) => {
      const status = statusOf(pod, 'ends');
      return status && 'terminated' in status.state && status;
    });
    expect(ended).toMatchObject({ restartCount: 0, state: { terminated: { exitCode: 7 } } });
  });

  test('replaces a dead sandbox, but not its ephemeral containers', async () => {
    const { store } = cluster;
    createPod(store, 'shaken', {
      terminationGracePeriodSeconds: 0,
      containers: [{ name: 'main', image, command: wait }],
    });
    addEphemeral(store, 'shaken', { name: 'debugger', image, command: wait });
    await running(store, 'shaken', 'debugger');
    await running(store, 'shaken', 'main');
    await killPause(await podWhen(store, 'shaken', (pod) => pod?.metadata.uid));
    const pod = await podWhen(store, 'shaken', (current) => {
      const status = statusOf(current, 'main');
      return status?.restartCount === 1 && 'running' in status.state && current;
    });
    expect(statusOf(pod, 'debugger')?.state).toMatchObject({ terminated: { exitCode: 137 } });
  });

  test('reports a missing image at once in an event, and later in the status', async () => {
    const { store } = cluster;
    createPod(store, 'app', { containers: [{ name: 'main', image, command: wait }] });
    await running(store, 'app', 'main');
    const started = Date.now();
    addEphemeral(store, 'app', { name: 'debugger', image: 'registry.invalid/none:1' });
    await expect.poll(() => reasons('app', 'debugger')).toContain('Failed');
    const object = store.get('pods', 'default', 'app');
    const early = object && statusOf(podFrom(object), 'debugger')?.state;
    expect(early).not.toHaveProperty('waiting.message');
    const reason = await podWhen(store, 'app', (pod) => {
      const state = statusOf(pod, 'debugger')?.state;
      return state && 'waiting' in state && state.waiting.message
        ? state.waiting.reason
        : undefined;
    });
    expect(reason).toBe('ErrImagePull');
    expect(Date.now() - started).toBeGreaterThan(10_000);
  });

  test('does not run a container as root if that is forbidden', async () => {
    const { store } = cluster;
    createPod(store, 'nonroot', {
      securityContext: { runAsNonRoot: true },
      containers: [{ name: 'main', image, command: wait }],
    });
    const state = await podWhen(store, 'nonroot', (pod) => {
      const status = statusOf(pod, 'main')?.state;
      return status && 'waiting' in status && status.waiting.message ? status.waiting : undefined;
    });
    expect(state.reason).toBe('CreateContainerConfigError');
    expect(state.message).toMatch(/^container has runAsNonRoot and image will run as root \(pod: /);
  });

  test('keeps ephemeral containers within the limits of their pod', async () => {
    const { store } = cluster;
    const limits = { memory: '32Mi', cpu: '500m' };
    createPod(store, 'small', {
      containers: [{ name: 'main', image, command: wait, resources: { limits } }],
    });
    addEphemeral(store, 'small', { name: 'greedy', image, command: ['tail', '/dev/zero'] });
    const state = await podWhen(store, 'small', (pod) => {
      const status = statusOf(pod, 'greedy')?.state;
      return status && 'terminated' in status && status;
    });
    expect(state).toMatchObject({ terminated: { reason: 'OOMKilled', exitCode: 137 } });
  });

  test('reports why a program cannot be started', async () => {
    const { store } = cluster;
    createPod(store, 'missing', {
      restartPolicy: 'Never',
      containers: [{ name: 'main', image, command: ['no-such-program'] }],
    });
    const pod = await podWhen(
      store,
      'missing',
      (current) => current?.status.phase === 'Failed' && current,
    );
    expect(statusOf(pod, 'main')?.state).toMatchObject({
      terminated: {
        exitCode: 128,
        reason: 'StartError',
        message: expect.stringContaining('"no-such-program": executable file not found in $PATH'),
      },
    });
  });

  test('stops a pod after its deadline', async () => {
    const { store } = cluster;
    createPod(store, 'limited', {
      activeDeadlineSeconds: 1,
      terminationGracePeriodSeconds: 0,
      containers: [{ name: 'main', image, command: wait }],
    });
    const pod = await podWhen(
      store,
      'limited',
      (current) => current?.status.phase === 'Failed' && current,
    );
    expect(pod.status.reason).toBe('DeadlineExceeded');
    expect(statusOf(pod, 'main')?.state).toMatchObject({ terminated: { exitCode: 137 } });
  });

  test('waits for the grace period of a container, and removes the pod', async () => {
    const { store, runtime } = cluster;
    const loop = 'trap "exit 5" TERM; : > /tmp/ready; while :; do sleep 0.1; done';
    createPod(store, 'leaving', {
      containers: [{ name: 'main', image, command: ['sh', '-c', loop] }],
    });
    await running(store, 'leaving', 'main');
    const ready = () => runIn(runtime, 'leaving', 'main', ['ls', '/tmp/ready']);
    await expect.poll(async () => (await ready()).code, { timeout: 10_000 }).toBe(0);
    const codes = new Set<number>();
    const unsubscribe = store.subscribe(({ object }) => {
      if (object.kind !== 'Pod' || object.metadata.name !== 'leaving') return;
      const state = statusOf(podFrom(object), 'main')?.state;
      if (state && 'terminated' in state) codes.add(state.terminated.exitCode);
    });
    deletePod(store, 'leaving', 10);
    await podWhen(store, 'leaving', (pod) => pod === undefined);
    unsubscribe();
    expect([...codes]).toEqual([5]);
  });

  test('runs static pods from files, and deletes a false mirror pod', async () => {
    const { store, staticPodFolders } = cluster;
    const file = join(staticPodFolders['node-a'] ?? '', 'web.json');
    const container = { name: 'main', image, command: wait };
    await writeFile(
      file,
      JSON.stringify({
        metadata: { name: 'static-web' },
        spec: { terminationGracePeriodSeconds: 0, containers: [container] },
      }),
    );
    await running(store, 'static-web-node-a', 'main');
    await rm(file);
    await podWhen(store, 'static-web-node-a', (pod) => pod === undefined);

    const annotations = { 'kubernetes.io/config.mirror': 'x' };
    createPod(store, 'forged', { nodeName: 'node-a', containers: [container] }, annotations);
    await podWhen(store, 'forged', (pod) => pod === undefined);
  });

  test('does not run a pod for Windows', async () => {
    const { store } = cluster;
    createPod(store, 'windows', {
      nodeName: 'node-a',
      os: { name: 'windows' },
      containers: [{ name: 'main', image, command: wait }],
    });
    const status = await podWhen(store, 'windows', (pod) =>
      pod?.status.phase === 'Failed' ? pod.status : undefined,
    );
    expect(status).toMatchObject({ phase: 'Failed', reason: 'PodOSNotSupported' });
  });

  test('leaves a pod pending that does not fit any node', async () => {
    const { store } = cluster;
    createPod(store, 'nowhere', {
      nodeSelector: { disk: 'none' },
      containers: [{ name: 'main', image }],
    });
    const condition = await podWhen(store, 'nowhere', (pod) => pod?.status.conditions?.[0]);
    expect(condition).toMatchObject({ status: 'False', reason: 'Unschedulable' });
  });

  function reasons(pod: string, container: string): unknown[] {
    const events = cluster.store.list('events').map((event) => ({
      reason: event.reason,
      about: Object(event.involvedObject),
    }));
    return events
      .filter(({ about }) => about.name === pod && about.fieldPath?.includes(`{${container}}`))
      .map(({ reason }) => reason);
  }
});

/** Kills the process that holds the namespaces of a pod. */
async function killPause(uid: string): Promise<void> {
  for await (const path of glob('/proc/[0-9]*/cgroup')) {
    const groups = await readFile(path, 'utf8').catch(() => '');
    const name = await readFile(join(dirname(path), 'comm'), 'utf8').catch(() => '');
    if (groups.includes(`pod${uid}`) && name === 'pause\n')
      process.kill(Number(basename(dirname(path))), 'SIGKILL');
  }
}
