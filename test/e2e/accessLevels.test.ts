import { readdirSync } from 'node:fs';
import { describe, expect, it, type TestContext } from 'vitest';
import { adminCall } from './support/adminApi.ts';
import { type Failure, failure, traced } from './support/failure.ts';
import { chattingPod, namespaceFor } from './support/namespaces.ts';
import { holdsPackets } from './support/packets.ts';
import { CHATTER, podName, runPod, runStaticPod } from './support/pods.ts';
import { eventually, run } from './support/process.ts';
import { needs } from './support/skips.ts';
import { freshPath, namespaced, netdebug, PROGRAM, world } from './support/world.ts';

const [{ image = '' } = {}, { image: otherImage = '' } = {}] = world.flavours;

interface PodObject {
  readonly metadata: {
    readonly name: string;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly spec: {
    readonly containers: readonly [{ readonly securityContext?: unknown }];
    readonly ephemeralContainers?: readonly { readonly securityContext: unknown }[];
  } & Readonly<Record<string, unknown>>;
  readonly status: { readonly phase?: string };
}

const podsOf = async (namespace: string, query = '') =>
  (
    (await adminCall('GET', `/api/v1/namespaces/${namespace}/pods${query}`)) as {
      items: PodObject[];
    }
  ).items;
const nodePods = (namespace = world.namespace) =>
  podsOf(namespace, '?labelSelector=netdebug/kind=node');
const capturePods = async (target: string) =>
  (await podsOf(world.namespace, '?labelSelector=netdebug/kind=node-capture')).filter(
    ({ metadata }) => metadata.annotations?.['netdebug/target']?.endsWith(`/${target}`),
  );
const getPod = async (namespace: string, name: string) =>
  (await adminCall('GET', `/api/v1/namespaces/${namespace}/pods/${name}`)) as PodObject;

/** Packets in a file, as tcpdump reads them. */
async function packetsIn(file: string, expression = ''): Promise<string[]> {
  const { code, stdout, stderr } = await run('tcpdump', ['-nn', '-r', file, expression]);
  expect(code, stderr).toBe(0);
  return stdout.split('\n').filter(Boolean);
}

/** Packets in the files of a folder. */
async function packetsInFolder(folder: string, expression: string): Promise<string[]> {
  const files = readdirSync(folder).filter((entry) => entry.includes('.pcap'));
  return (
    await Promise.all(files.map((file) => packetsIn(`${folder}/${file}`, expression)))
  ).flat();
}

/** Fetches a detached capture that is recording until more than the given number of datagrams have been fetched. */
async function fetchesDatagrams(capture: string, folder: string, filter: string, least: number) {
  const [program, ...words] = PROGRAM;
  const env = { KUBECONFIG: namespaced(world.kubeconfig) };
  const enough = async () => {
    const args = ['captures', 'fetch', capture, '--flush', '-w', folder];
    const { code, stderr } = await run(program, [...words, ...args], { env });
    expect(code, stderr).toBe(0);
    return (await packetsInFolder(folder, filter)).length > least;
  };
  expect(await eventually(enough)).toBe(true);
}

/** Captures three datagrams of the pod, and reads them with tcpdump. */
async function captures(
  { onTestFinished }: TestContext,
  pod: string,
  args: readonly string[] = [],
  env: NodeJS.ProcessEnv = {},
): Promise<Failure & { packets: string[] }> {
  const file = freshPath('levels.pcap');
  const result = await failure(
    ['capture', pod, '--image', image, '-c', '3', '-w', file, ...args, '--', 'udp port 9'],
    { onTestFinished, env },
  );
  expect(result.code, result.stderr).toBe(0);
  return { ...result, packets: await packetsIn(file) };
}

/** A pod that sends datagrams to an unused address, so that there is something to capture. */
const CHATTING = { command: CHATTER, env: { TO: '10.255.255.254' } };
const chatter = (purpose: string, more = {}) => runPod(purpose, { ...CHATTING, ...more });

const enforce = (namespace: string, level: string) =>
  adminCall('PATCH', `/api/v1/namespaces/${namespace}`, {
    metadata: { labels: { 'pod-security.kubernetes.io/enforce': level } },
  });

/** A chatting pod in another namespace. The policy is only enforced afterwards. */
async function guardedPod(level: string): Promise<{ namespace: string; pod: string }> {
  const namespace = await namespaceFor(level);
  const pod = await chattingPod(namespace);
  await enforce(namespace, level);
  return { namespace, pod };
}

describe.concurrent('access levels', () => {
  it('a baseline namespace: the runtime’s own capabilities', async (test) => {
    const { namespace, pod } = await guardedPod('baseline');
    const { notices, stderr, packets } = await captures(test, pod, ['-n', namespace]);
    expect(packets).toHaveLength(3);
    expect(notices).toContain('fewer-capabilities');
    expect(stderr).toContain(`"${namespace}"`);
    const { spec } = await getPod(namespace, pod);
    expect(spec.ephemeralContainers).toHaveLength(1);
    expect(spec.ephemeralContainers?.[0]?.securityContext).toEqual({
      runAsUser: 0,
      runAsNonRoot: false,
      allowPrivilegeEscalation: false,
      seccompProfile: { type: 'RuntimeDefault' },
    });
  });

  it('a restricted namespace: through a pod on the node, in a namespace that allows it', async (test) => {
    const { namespace, pod } = await guardedPod('restricted');
    const closed = await failure(['capture', pod, '-n', namespace, '--image', image], {
      onTestFinished: test.onTestFinished,
    });
    expect(closed.code).toBe(1);
    expect(closed.kinds).toEqual(['denied']);
    // The refusals of both attempts.
    expect(closed.stderr).toMatch(/(violates PodSecurity "restricted[\s\S]*){2}/);
    expect(closed.stderr).toContain('--node-namespace');

    const free = await namespaceFor('free');
    const args = ['-n', namespace, '--node-namespace', free];
    const { notices, stderr, packets } = await captures(test, pod, args);
    expect(packets).toHaveLength(3);
    expect(notices).toContain('node-debugger');
    expect(stderr).toContain('--via node');
    expect((await getPod(namespace, pod)).spec.ephemeralContainers).toBeUndefined();
    expect(await eventually(async () => (await nodePods(free)).length === 0)).toBe(true);
  });

  it('a static pod: through a pod on the node, with its sockets and their processes', async (test) => {
    needs(test, 'folders for static pods');
    const { name } = await runStaticPod('static', CHATTING);
    const { notices, stderr, packets } = await captures(test, name);
    expect(packets).toHaveLength(3);
    expect(notices).toContain('node-debugger');
    expect(stderr).toContain('--via node');
    const web = await runStaticPod('static-web');
    const ports = await netdebug(['ports', web.name, '-lp', '--image', image], {
      onTestFinished: test.onTestFinished,
    }).finished;
    expect(ports.code, ports.stderr).toBe(0);
    expect(ports.stdout).toMatch(/:80\b.*nginx/);
    const refused = await failure(['capture', name, '--via', 'ephemeral'], {
      onTestFinished: test.onTestFinished,
    });
    expect(refused.code).toBe(1);
    expect(refused.kinds).toEqual(['unsuitable']);
    expect(refused.stderr).toContain('--via ephemeral');
  });

  it('an old debugger that violates a policy enforced later', async (test) => {
    needs(test, 'both flavours of image');
    const { namespace, pod } = await guardedPod('privileged');
    await captures(test, pod, ['-n', namespace]);
    await enforce(namespace, 'baseline');
    const again = await failure(
      ['capture', pod, '-n', namespace, '--image', otherImage, '-c', '1'],
      { onTestFinished: test.onTestFinished },
    );
    expect(again.code).toBe(1);
    expect(again.kinds).toEqual(['denied']);
    // The violating container, and how to remove it.
    expect(again.stderr).toMatch(/netdebug-network[\s\S]*kubectl delete pod/);
    // The old debugger can still be used.
    expect((await captures(test, pod, ['-n', namespace])).packets).toHaveLength(3);
  });

  it('a user who may create pods but not add containers: through a pod on the node', async (test) => {
    const { name } = await chatter('rights');
    const KUBECONFIG = namespaced(world.users['node-debugger'] ?? '');
    const { notices, stderr, packets } = await captures(test, name, [], { KUBECONFIG });
    expect(packets).toHaveLength(3);
    expect(notices).toContain('node-debugger');
    expect(stderr).toContain('--via node');
  });
});

describe.concurrent('the debugger on a node', () => {
  it('has minimal privileges and a mark, and is deleted after Ctrl-C', async ({
    onTestFinished,
  }) => {
    const namespace = await namespaceFor('marked');
    const { name } = await chatter('via');
    const file = freshPath('via.pcap');
    const capture = traced(
      [
        ...['capture', name, '--via', 'node', '--node-namespace', namespace],
        ...['--image', image, '-w', file],
      ],
      { onTestFinished },
    );
    await capture.reports('capturing');
    const [pod, other] = await nodePods(namespace);
    expect(other).toBeUndefined();
    expect(pod?.metadata.annotations).toMatchObject({
      'netdebug/target': `pod/${world.namespace}/${name}`,
      'netdebug/command': 'capture',
    });
    expect(pod?.metadata.annotations?.['netdebug/owner']).toBeTruthy();
    expect(pod?.spec).toMatchObject({
      nodeName: world.nodes[0],
      hostPID: true,
      restartPolicy: 'Never',
      activeDeadlineSeconds: 86_400,
    });
    expect(pod?.spec.hostNetwork).toBeUndefined();
    expect(pod?.spec.containers[0].securityContext).toEqual({
      runAsUser: 0,
      runAsNonRoot: false,
      allowPrivilegeEscalation: false,
      capabilities: {
        drop: ['ALL'],
        add: ['NET_RAW', 'SETGID', 'SETUID', 'SYS_PTRACE', 'SYS_ADMIN'],
      },
      seccompProfile: { type: 'RuntimeDefault' },
    });
    await holdsPackets(file, 6, 'udp port 9');
    capture.child.kill('SIGINT');
    const { code, stderr } = await capture.finished;
    expect(code, stderr).toBe(0);
    expect((await packetsIn(file, 'udp port 9')).length).toBeGreaterThan(5);
    expect(await eventually(async () => (await nodePods(namespace)).length === 0)).toBe(true);
  });

  it('ends by itself after kill -9; ps shows it until the next command deletes it', async (test) => {
    const namespace = await namespaceFor('killed');
    const { name } = await chatter('killed');
    const args = ['--via', 'node', '--node-namespace', namespace];
    const capture = traced(
      [
        'capture',
        name,
        ...args,
        '--image',
        image,
        '-w',
        freshPath('killed.pcap'),
        '--linger',
        '2s',
      ],
      { onTestFinished: test.onTestFinished },
    );
    await capture.reports('capturing');
    const [pod] = await nodePods(namespace);
    const ps = async () => {
      const { onTestFinished } = test;
      return (await netdebug(['ps', '-n', namespace], { onTestFinished }).finished).stdout;
    };
    capture.child.kill('SIGKILL');
    expect(await ps()).toMatch(
      new RegExp(`^node-debugger +${pod?.metadata.name} .* running `, 'm'),
    );
    const ended = async () => (await nodePods(namespace))[0]?.status.phase === 'Succeeded';
    expect(await eventually(ended, 110_000)).toBe(true);
    expect(await ps()).toMatch(new RegExp(`^node-debugger +${pod?.metadata.name} .* ended `, 'm'));
    await captures(test, name, args);
    const isGone = async () =>
      (await nodePods(namespace)).every(({ metadata }) => metadata.name !== pod?.metadata.name);
    expect(await eventually(isGone)).toBe(true);
    expect(await ps()).not.toContain(pod?.metadata.name);
  });

  it('a node: all traffic except the capture itself; its sockets; a ring', async ({
    onTestFinished,
  }) => {
    const KUBECONFIG = namespaced(world.faulty['without-v5']);
    const node = `node/${world.nodes[0]}`;
    const { ip } = await chatter('seen');
    const file = freshPath('node.pcap');
    const capture = await failure(
      ['capture', node, '-i', 'any', '--image', image, '-w', file, '--duration', '3'],
      { onTestFinished, env: { KUBECONFIG } },
    );
    expect(capture.code, capture.stderr).toBe(0);
    expect(capture.notices).toContain('node-network');
    expect(capture.stderr).toContain('tcp port 10250');
    expect((await packetsIn(file, `udp port 9 and src ${ip}`)).length).toBeGreaterThan(5);
    // The traffic of this capture itself: the kubelet's port, and containerd's streaming port.
    expect(await packetsIn(file, 'tcp port 10250 or tcp port 10010')).toEqual([]);

    const ports = await netdebug(['ports', node, '-l', '--image', image], { onTestFinished })
      .finished;
    expect(ports.code, ports.stderr).toBe(0);
    expect(ports.stdout).toMatch(/LISTEN/);

    const folder = freshPath('ring');
    const ring = await netdebug(
      [
        ...['capture', node, '--image', image, '-C', '1', '-W', '3', '-w', folder],
        ...['--duration', '2'],
      ],
      { onTestFinished },
    ).finished;
    expect(ring.code, ring.stderr).toBe(0);
    expect(readdirSync(folder)).toContain('capture.json');
  });

  it('records detached captures of a static pod, and adds nothing to that pod', async (test) => {
    needs(test, 'folders for static pods');
    const { onTestFinished } = test;
    const { name } = await runStaticPod('detached', CHATTING);
    const ours = (...args: string[]) => netdebug(args, { onTestFinished }).finished;
    const started = await failure(
      ['capture', name, '--detach', '--name', 'by-node', '--image', image, '--', 'udp port 9'],
      { onTestFinished },
    );
    expect(started.code, started.stderr).toBe(0);
    expect(started.notices).toContain('node-debugger');
    expect(started.notices).toContain('capturing');
    expect(started.stderr).toMatch(new RegExp(`\\beth0 .*\\b${name}\\b`));
    const which = `${name}/by-node`;
    // On a busy machine, the recorder may not answer in time at first.
    const row = new RegExp(`^by-node +${name} +Recording `, 'm');
    expect(await eventually(async () => row.test((await ours('captures')).stdout))).toBe(true);

    await fetchesDatagrams(which, freshPath('by-node'), 'udp port 9', 10);

    const mine = await capturePods(name);
    expect(mine).toHaveLength(1);
    const shown = await ours('ps');
    expect(shown.stdout).toMatch(new RegExp(`^capture +${mine[0]?.metadata.name} `, 'm'));
    const stopped = await ours('captures', 'stop', which);
    expect(stopped.code, stopped.stderr).toBe(0);
    const removed = await ours('captures', 'rm', which);
    expect(removed.code, removed.stderr).toBe(0);
    expect(removed.stderr).toMatch(new RegExp(`"by-node".*\\b${name}\\b`));
    const isGone = async () => (await capturePods(name)).length === 0;
    expect(await eventually(isGone)).toBe(true);
    expect((await getPod(world.namespace, name)).spec.ephemeralContainers ?? []).toEqual([]);
  });

  it('a detached capture of a node does not record the copying of its own files', async ({
    onTestFinished,
  }) => {
    const node = `node/${world.nodes[0]}`;
    const { ip } = await chatter('unseen');
    const ours = (...args: string[]) => netdebug(args, { onTestFinished }).finished;
    const capture = podName('of-node');
    const started = await ours(
      ...['capture', node, '--detach', '--name', capture, '-i', 'any', '--image', image],
    );
    expect(started.code, started.stderr).toBe(0);
    expect(started.stdout).toBe(`${capture}\n`);
    const folder = freshPath('of-node');
    await fetchesDatagrams(capture, folder, `udp port 9 and src ${ip}`, 5);
    // Fetches what was recorded during the first copy.
    const again = await ours('captures', 'fetch', capture, '--flush', '-w', folder);
    expect(again.code, again.stderr).toBe(0);
    expect(await packetsInFolder(folder, 'tcp port 10250 or tcp port 10010')).toEqual([]);
    const same = ['capture', node, '--detach', '--name', capture, '--image', image];
    const twice = await failure(same, { onTestFinished });
    expect(twice.code).toBe(1);
    expect(twice.kinds).toEqual(['exists']);
    const removed = await ours('captures', 'rm', `${node}/${capture}`);
    expect(removed.code, removed.stderr).toBe(0);
  });
});
