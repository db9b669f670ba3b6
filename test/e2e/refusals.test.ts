import { describe, expect, it, type TestContext } from 'vitest';
import { adminCall } from './support/adminApi.ts';
import { type Denial, deny } from './support/denial.ts';
import { type Failure, failure } from './support/failure.ts';
import { chattingPod, namespaceFor } from './support/namespaces.ts';
import { start } from './support/process.ts';
import { type Need, needs } from './support/skips.ts';
import { type AtEnd, freshPath, namespaced, world } from './support/world.ts';

const image = world.flavours[0]?.image ?? '';

interface PodObject {
  readonly metadata: { readonly name: string; readonly deletionTimestamp?: string };
  readonly spec: { readonly ephemeralContainers?: readonly { readonly name: string }[] };
}

async function podsIn(namespace: string): Promise<readonly PodObject[]> {
  const list = await adminCall('GET', `/api/v1/namespaces/${namespace}/pods`);
  return (list as { items: PodObject[] }).items;
}

/** A chatting pod alone in a namespace. */
async function podAlone() {
  const namespace = await namespaceFor('refused');
  return { namespace, pod: await chattingPod(namespace) };
}

/** What a cluster needs for this kind of denial. */
const NEED: Readonly<Record<NonNullable<Denial['as']>, Need>> = {
  policy: 'admission policies',
  'webhook-400': 'webhooks on this machine',
  'webhook-500': 'webhooks on this machine',
  'no-dry-run': 'webhooks of Kubernetes 1.21',
};

/**
 * A chatting pod alone in a namespace whose admission denies requests. Skips the test if the cluster does not support
 * it.
 */
async function podUnder(test: TestContext, denial: Denial) {
  needs(test, NEED[denial.as ?? 'policy']);
  const { namespace, pod } = await podAlone();
  return { namespace, pod, name: await deny(namespace, pod, denial, test.onTestFinished) };
}

/** Nothing was added to the pod, and there is no other pod. */
async function expectUntouched(namespace: string, pod: string): Promise<void> {
  const [first, ...others] = await podsIn(namespace);
  expect(others.map(({ metadata }) => metadata.name)).toEqual([]);
  expect(first?.metadata.name).toBe(pod);
  expect(first?.spec.ephemeralContainers ?? []).toEqual([]);
}

/** Every command that creates something in a pod, or for a pod. */
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

/** Commands for which the HTTP status of the refusal matters. */
const ALSO = COMMANDS.filter(([name]) =>
  ['capture', 'capture --via node', 'doctor'].includes(name),
);

const POLICIES = [
  ['a policy', 'policy'],
  ['a webhook without a code', 'webhook-400'],
  ['a webhook that says 500', 'webhook-500'],
] as const;

const ours = (
  [command = '', ...args]: readonly string[],
  namespace: string,
  atEnd: AtEnd,
  env = {},
) => failure([command, '-n', namespace, '--image', image, ...args], { onTestFinished: atEnd, env });

/** The kinds of the problems that a command reports itself, or as checks of doctor. */
const allKinds = ({ kinds, failed }: Failure) => [...kinds, ...Object.values(failed)];

describe.concurrent('a refusal', () => {
  const REASON = 'images must come from registry.example.com';

  for (const [policy, as] of POLICIES)
    for (const [command, args] of as === 'policy' ? COMMANDS : ALSO)
      it(`${command}: ${policy} that denies debuggers and pods`, async (test) => {
        const { expect } = test;
        const denial = { text: REASON, what: ['debuggers', 'pods'], as } as const;
        const { namespace, pod, name } = await podUnder(test, denial);
        const result = await ours(args(pod), namespace, test.onTestFinished);
        const { code, stdout, stderr, kinds, failed } = result;
        expect(code, stderr).toBe(1);
        if (command === 'doctor') expect(failed).toEqual({ debugger: 'denied' });
        else expect(kinds).toEqual(['denied']);
        const output = command === 'doctor' ? stdout : stderr;
        expect(output).toContain(`"${name}"`);
        expect(output).toContain(REASON);
        expect(output).toContain('--image');
        expect(output).not.toContain('pod-security.kubernetes.io');
        await expectUntouched(namespace, pod);
      });

  for (const [policy, as] of POLICIES)
    it(`of added capabilities: the second access level, by ${policy}`, async (test) => {
      const { expect } = test;
      const denial = { text: 'no capabilities', what: ['capabilities'], as } as const;
      const { namespace, pod } = await podUnder(test, denial);
      const words = ['capture', pod, '-c', '2'];
      const { code, stderr, notices } = await ours(words, namespace, test.onTestFinished);
      expect(code, stderr).toBe(0);
      expect(notices).toContain('fewer-capabilities');
      expect((await podsIn(namespace))[0]?.spec.ephemeralContainers).toHaveLength(1);
    });

  it('of debuggers only: suggests --via node, because a pod there is allowed', async (test) => {
    const { expect, onTestFinished } = test;
    const { namespace, pod } = await podUnder(test, { text: 'no' });
    for (const command of ['capture', 'doctor']) {
      const { code, stdout, stderr } = await ours([command, pod], namespace, onTestFinished);
      expect(code).toBe(1);
      expect(stdout + stderr).toContain('--via node');
    }
    const { code, stderr } = await ours(
      ['capture', pod, '-c', '1', '--via', 'node'],
      namespace,
      onTestFinished,
    );
    expect(code, stderr).toBe(0);
  });

  it('only of the real request, by a webhook that does not support dry runs', async (test) => {
    const { expect, onTestFinished } = test;
    const { namespace, pod, name } = await podUnder(test, { text: 'no', as: 'no-dry-run' });
    const doctor = await ours(['doctor', pod], namespace, onTestFinished);
    expect(doctor.stdout).toMatch(/^warning +debugger/m);
    const { code, stderr, kinds } = await ours(['capture', pod], namespace, onTestFinished);
    expect(code).toBe(1);
    expect(kinds).toEqual(['denied']);
    expect(stderr).toContain(`"${name}"`);
    await expectUntouched(namespace, pod);
  });

  it('of one of several pods does not affect the others', async (test) => {
    const { expect, onTestFinished } = test;
    needs(test, 'admission policies');
    const { namespace, pod } = await podAlone();
    const other = await chattingPod(namespace);
    await deny(namespace, other, { text: 'not here', pod: other }, onTestFinished);
    const several = [
      ['capture', pod, other, '-w', freshPath('one-of-two'), '--duration', '1'],
      ['capture', pod, other, '--detach'],
      ['ports', pod, other],
    ];
    for (const args of several) {
      const { code, stderr, kinds, failed } = await ours(args, namespace, onTestFinished);
      expect(code, stderr).toBe(1);
      expect(kinds).toEqual([]);
      expect(failed).toEqual({ [other]: 'denied' });
      expect(stderr).toContain('not here');
    }
    const pods = await podsIn(namespace);
    const made = (name: string) =>
      pods.find(({ metadata }) => metadata.name === name)?.spec.ephemeralContainers ?? [];
    expect([made(pod).length, made(other).length]).toEqual([2, 0]);
  });

  it('of exec by a policy: nothing is created', async (test) => {
    const { expect, onTestFinished } = test;
    const { namespace, pod } = await podUnder(test, { text: 'no exec here', what: ['exec'] });
    for (const [command, args] of COMMANDS) {
      const result = await ours(args(pod), namespace, onTestFinished);
      expect(result.code, command).toBe(1);
      expect(allKinds(result), command).toEqual(['denied']);
      expect(result.stdout + result.stderr, command).toContain('no exec here');
    }
    await expectUntouched(namespace, pod);
  });
});

/** Starts kubectl proxy in front of the API server with these flags. Returns a kubeconfig that uses it. */
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
    '%s changes nothing, and explains why',
    async ([command, args], { expect, onTestFinished }) => {
      const { namespace, pod } = await podAlone();
      const KUBECONFIG = await kubectlProxy([], onTestFinished);
      const result = await ours(args(pod), namespace, onTestFinished, { KUBECONFIG });
      expect(result.code, result.stderr).toBe(1);
      expect(allKinds(result)).toEqual(['unreachable']);
      const output = command === 'doctor' ? result.stdout : result.stderr;
      expect(output).toMatch(/127\.0\.0\.1:\d+/);
      expect(output).toContain('--reject-paths');
      expect(output).not.toContain('kind: Role');
      await expectUntouched(namespace, pod);
    },
  );

  it('works with the suggested flag', async ({ expect, onTestFinished }) => {
    const { namespace, pod } = await podAlone();
    const KUBECONFIG = await kubectlProxy(['--reject-paths=^$'], onTestFinished);
    const { code, stderr } = await ours(['capture', pod, '-c', '1'], namespace, onTestFinished, {
      KUBECONFIG,
    });
    expect(code, stderr).toBe(0);
  });

  it('the same errors if a debugger is already running', async ({ expect, onTestFinished }) => {
    const { namespace, pod } = await podAlone();
    expect((await ours(['ports', pod], namespace, onTestFinished)).code).toBe(0);
    const KUBECONFIG = await kubectlProxy([], onTestFinished);
    for (const [command, args] of COMMANDS.filter(([name]) => !/detach|node|-p/.test(name))) {
      const result = await ours(args(pod), namespace, onTestFinished, { KUBECONFIG });
      expect(result.code, `${command} ${result.stderr}`).toBe(1);
      expect(allKinds(result), command).toEqual(['unreachable']);
    }
  });
});
