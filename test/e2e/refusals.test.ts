import { beforeEach, describe, expect, it } from 'vitest';
import { adminCall } from './support/adminApi.ts';
import { chattingPod, namespaceFor } from './support/namespaces.ts';
import { start } from './support/process.ts';
import { needs } from './support/skips.ts';
import { type AtEnd, freshPath, namespaced, netdebug, world } from './support/world.ts';

const image = world.flavours[0]?.image ?? '';

interface PodObject {
  readonly metadata: { readonly name: string; readonly deletionTimestamp?: string };
  readonly spec: { readonly ephemeralContainers?: readonly { readonly name: string }[] };
}

async function podsIn(namespace: string): Promise<readonly PodObject[]> {
  const list = await adminCall('GET', `/api/v1/namespaces/${namespace}/pods`);
  return (list as { items: PodObject[] }).items;
}

/** A chatting pod alone in a namespace with these switches of test/cluster/apiserver. */
async function podUnder(switches: Readonly<Record<string, string>>) {
  const namespace = await namespaceFor('refused');
  const pod = await chattingPod(namespace);
  await setSwitches(namespace, switches);
  return { namespace, pod };
}

async function setSwitches(namespace: string, switches: Readonly<Record<string, string | null>>) {
  const annotations = Object.fromEntries(
    Object.entries(switches).map(([name, value]) => [`netdebug.test/${name}`, value]),
  );
  await adminCall('PATCH', `/api/v1/namespaces/${namespace}`, { metadata: { annotations } });
}

/** Nothing was added to the pod, and there is no other. */
async function expectUntouched(namespace: string, pod: string): Promise<void> {
  const [one, ...others] = await podsIn(namespace);
  expect(others.map(({ metadata }) => metadata.name)).toEqual([]);
  expect(one?.metadata.name).toBe(pod);
  expect(one?.spec.ephemeralContainers ?? []).toEqual([]);
}

/** Every command that makes something in, or for, a pod. */
const COMMANDS: readonly (readonly [string, (pod: string) => string[]])[] = [
  ['capture', (pod) => ['capture', pod, '-c', '1']],
  ['a ring', (pod) => ['capture', pod, '-C', '1', '-W', '2', '-w', freshPath('ring')]],
  ['capture --detach', (pod) => ['capture', pod, '--detach']],
  ['capture --detach --via node', (pod) => ['capture', pod, '--detach', '--via', 'node']],
  ['capture --via node', (pod) => ['capture', pod, '-c', '1', '--via', 'node']],
  ['ports', (pod) => ['ports', pod]],
  ['ports -p', (pod) => ['ports', pod, '-p']],
  ['shell', (pod) => ['shell', pod, '--', 'true']],
  ['doctor', (pod) => ['doctor', pod]],
];

/** Where the refusal's HTTP status matters. */
const ALSO = COMMANDS.filter(([name]) =>
  ['capture', 'capture --via node', 'doctor'].includes(name),
);

const POLICIES: readonly (readonly [string, Readonly<Record<string, string>>])[] = [
  ['a policy', { 'deny-as': 'policy' }],
  ['a webhook without a code', { 'deny-as': 'webhook-400' }],
  ['a webhook that says 500', { 'deny-as': 'webhook-500' }],
];

const ours = (
  [command = '', ...args]: readonly string[],
  namespace: string,
  atEnd: AtEnd,
  env = {},
) =>
  netdebug([command, '-n', namespace, '--image', image, ...args], { onTestFinished: atEnd, env })
    .finished;

describe.concurrent('a refusal', () => {
  beforeEach((test) => needs(test, 'an API server of our own'));

  const REASON = 'images must come from registry.example.com';

  for (const [policy, how] of POLICIES)
    for (const [command, args] of policy === 'a policy' ? COMMANDS : ALSO)
      it(`${command}: ${policy} that denies debuggers and pods`, async ({
        expect,
        onTestFinished,
      }) => {
        const deny = { deny: REASON, 'deny-what': 'debuggers pods', 'deny-name': 'no.example.com' };
        const { namespace, pod } = await podUnder({ ...deny, ...how });
        const { code, stdout, stderr } = await ours(args(pod), namespace, onTestFinished);
        expect(code, stderr).toBe(1);
        const said = command === 'doctor' ? stdout : stderr;
        expect(said).toMatch(/"no\.example\.com"/);
        expect(said).toContain(REASON);
        expect(said).toMatch(/ask the owner[\s\S]*--image/);
        expect(said).not.toContain('pod-security.kubernetes.io');
        if (command === 'doctor') expect(said).toMatch(/^FAIL +debugger/m);
        await expectUntouched(namespace, pod);
      });

  it.each(POLICIES)('of added capabilities: the second access level, by %s', async (_, how) => {
    const deny = { deny: 'no capabilities', 'deny-what': 'capabilities' };
    const { namespace, pod } = await podUnder({ ...deny, ...how });
    const at: (() => void)[] = [];
    const { code, stderr } = await ours(['capture', pod, '-c', '2'], namespace, (end) => {
      at.push(end);
    });
    for (const end of at) end();
    expect(code, stderr).toBe(0);
    expect(stderr).toMatch(/note: .*allows no added capabilities/);
    expect((await podsIn(namespace))[0]?.spec.ephemeralContainers).toHaveLength(1);
  });

  it('of debuggers alone: --via node is named, since a pod there is allowed', async ({
    expect,
    onTestFinished,
  }) => {
    const { namespace, pod } = await podUnder({ deny: 'no', 'deny-as': 'policy' });
    for (const command of ['capture', 'doctor']) {
      const { code, stdout, stderr } = await ours([command, pod], namespace, onTestFinished);
      expect(code).toBe(1);
      expect(stdout + stderr).toContain('use --via node');
    }
    const { code, stderr } = await ours(
      ['capture', pod, '-c', '1', '--via', 'node'],
      namespace,
      onTestFinished,
    );
    expect(code, stderr).toBe(0);
  });

  it('in earnest, by a webhook that knows no dry run', async ({ expect, onTestFinished }) => {
    const { namespace, pod } = await podUnder({ deny: 'no', 'deny-as': 'no-dry-run' });
    const doctor = await ours(['doctor', pod], namespace, onTestFinished);
    expect(doctor.stdout).toMatch(/warning +debugger.*not\s+known/);
    const { code, stderr } = await ours(['capture', pod], namespace, onTestFinished);
    expect(code).toBe(1);
    expect(stderr).toMatch(/"deny\.netdebug\.test" denied.*: no\n.*ask the owner/);
    await expectUntouched(namespace, pod);
  });

  it('of one pod among several takes no other with it', async ({ expect, onTestFinished }) => {
    const { namespace, pod } = await podUnder({ deny: 'not here', 'deny-as': 'policy' });
    const other = await chattingPod(namespace);
    await setSwitches(namespace, { 'deny-pod': other });
    const several = [
      ['capture', pod, other, '-w', freshPath('one-of-two'), '--duration', '1'],
      ['capture', pod, other, '--detach'],
      ['ports', pod, other],
    ];
    for (const args of several) {
      const { code, stderr } = await ours(args, namespace, onTestFinished);
      expect(code, stderr).toBe(1);
      expect(stderr).toMatch(/ValidatingAdmissionPolicy[\s\S]*not here[\s\S]*ask the owner/);
    }
    const pods = await podsIn(namespace);
    const made = (name: string) =>
      pods.find(({ metadata }) => metadata.name === name)?.spec.ephemeralContainers ?? [];
    expect([made(pod).length, made(other).length]).toEqual([2, 0]);
  });

  it('of exec by a policy: nothing is made', async ({ expect, onTestFinished }) => {
    const deny = { deny: 'no exec here', 'deny-what': 'exec', 'deny-as': 'policy' };
    const { namespace, pod } = await podUnder(deny);
    for (const [command, args] of COMMANDS) {
      const { code, stdout, stderr } = await ours(args(pod), namespace, onTestFinished);
      expect(code, command).toBe(1);
      expect(stdout + stderr, command).toContain('no exec here');
    }
    await expectUntouched(namespace, pod);
  }, 60_000);
});

/** kubectl proxy before the API server, with these flags; gives a kubeconfig that goes through it. */
async function kubectlProxy(flags: readonly string[], atEnd: AtEnd): Promise<string> {
  const proxy = start(world.kubectl, ['proxy', '--port=0', ...flags], {
    env: { KUBECONFIG: world.kubeconfig },
  });
  atEnd(() => {
    proxy.child.kill('SIGTERM');
  });
  await proxy.says(/Starting to serve on \S+/);
  const [, address] = /Starting to serve on (\S+)/.exec(proxy.stdout()) ?? [];
  return namespaced(world.kubeconfig, (cluster) => {
    for (const key of Object.keys(cluster)) delete cluster[key];
    cluster.server = `http://${address}`;
  });
}

describe.concurrent('through kubectl proxy', () => {
  it.for(COMMANDS)(
    '%s changes nothing, and says why',
    async ([command, args], { expect, onTestFinished }) => {
      const { namespace, pod } = await podUnder({});
      const KUBECONFIG = await kubectlProxy([], onTestFinished);
      const { code, stdout, stderr } = await ours(args(pod), namespace, onTestFinished, {
        KUBECONFIG,
      });
      expect(code, stderr).toBe(1);
      const said = command === 'doctor' ? stdout : stderr;
      expect(said).toMatch(/in between, at\s+127\.0\.0\.1:\d+/);
      expect(said).toMatch(/kubectl proxy[\s\S]*--reject-paths/);
      expect(said).not.toContain('kind: Role');
      await expectUntouched(namespace, pod);
    },
  );

  it('works with the flag that is named', async ({ expect, onTestFinished }) => {
    const { namespace, pod } = await podUnder({});
    const KUBECONFIG = await kubectlProxy(['--reject-paths=^$'], onTestFinished);
    const { code, stderr } = await ours(['capture', pod, '-c', '1'], namespace, onTestFinished, {
      KUBECONFIG,
    });
    expect(code, stderr).toBe(0);
  });

  it('a debugger that runs already is no reason to say less', async ({
    expect,
    onTestFinished,
  }) => {
    const { namespace, pod } = await podUnder({});
    expect((await ours(['ports', pod], namespace, onTestFinished)).code).toBe(0);
    const KUBECONFIG = await kubectlProxy([], onTestFinished);
    for (const [command, args] of COMMANDS.filter(([name]) => !/detach|node|-p/.test(name))) {
      const { code, stdout, stderr } = await ours(args(pod), namespace, onTestFinished, {
        KUBECONFIG,
      });
      expect(code, `${command} ${stderr}`).toBe(1);
      expect(stdout + stderr, command).toMatch(/--reject-paths/);
    }
  }, 60_000);
});
