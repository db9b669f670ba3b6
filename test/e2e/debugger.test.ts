import { describe, expect, it } from 'vitest';
import { deny } from './support/denial.ts';
import { failure } from './support/failure.ts';
import { chattingPod, namespaceFor } from './support/namespaces.ts';
import { makePod, readyPod, runPod } from './support/pods.ts';
import { eventually } from './support/process.ts';
import { processes } from './support/processes.ts';
import { needs } from './support/skips.ts';
import { kubectl, namespaced, netdebug, world } from './support/world.ts';

const image = world.flavours[0]?.image ?? '';
const capture = (pod: string, args: readonly string[] = [], env: NodeJS.ProcessEnv = {}) =>
  netdebug(['capture', pod, '--image', image, '--duration', '1', ...args], { env });

async function ephemeralContainers(pod: string) {
  const json = await kubectl(['get', 'pod', pod, '-o', 'json']);
  const { spec } = JSON.parse(json) as {
    spec: { ephemeralContainers?: { name: string; securityContext: unknown; image: string }[] };
  };
  return spec.ephemeralContainers ?? [];
}

describe('the debugger', () => {
  it.each(world.flavours)('has minimal privileges ($name)', async ({ image }) => {
    const pod = await runPod('least', {
      spec: { securityContext: { runAsUser: 65532, runAsNonRoot: true } },
      command: ['sleep', 'infinity'],
    });
    const { code, stderr } = await netdebug([
      'capture',
      pod.name,
      '--image',
      image,
      '--duration',
      '1',
    ]).finished;
    expect(code, stderr).toBe(0);
    const [container] = await ephemeralContainers(pod.name);
    const netshoot = /(^|\/)netshoot[:@]/.test(image);
    expect(container?.securityContext).toEqual({
      runAsUser: 0,
      runAsNonRoot: false,
      allowPrivilegeEscalation: false,
      capabilities: {
        drop: ['ALL'],
        add: netshoot ? ['NET_RAW'] : ['NET_RAW', 'SETGID', 'SETUID'],
      },
      seccompProfile: { type: 'RuntimeDefault' },
    });
  });

  it('is a single container, however many commands start at the same time', async () => {
    const pod = await runPod('once');
    const results = await Promise.all([1, 2, 3].map(() => capture(pod.name).finished));
    for (const { code, stderr } of results) expect(code, stderr).toBe(0);
    expect(await ephemeralContainers(pod.name)).toHaveLength(1);
  });

  it('uses another name if its own is taken', async () => {
    const pod = await makePod('clash', {
      spec: {
        containers: [
          { name: 'netdebug-network', image: world.appImage, imagePullPolicy: 'IfNotPresent' },
        ],
      },
    });
    await readyPod(pod);
    const { code, stderr } = await capture(pod).finished;
    expect(code, stderr).toBe(0);
    expect((await ephemeralContainers(pod)).map(({ name }) => name)).toEqual([
      'netdebug-network-2',
    ]);
  });

  it.concurrent.for(world.flavours)(
    'reaps zombies ($name)',
    async ({ image }, { expect, onTestFinished }) => {
      const pod = await runPod('zombies');
      const words = ['capture', pod.name, '--image', image, '--duration', '1'];
      const { code, stderr } = await netdebug(words, { onTestFinished }).finished;
      expect(code, stderr).toBe(0);
      // An orphaned process becomes a child of the main process, and must not remain as a zombie.
      await kubectl([
        ...['exec', pod.name, '-c', 'netdebug-network', '--'],
        ...['sh', '-c', '(timeout 1 tail -f /dev/null &) ; exit 0'],
      ]);
      const orphans = async () =>
        (await processes(pod.name, 'netdebug-network')).filter(({ name }) =>
          ['timeout', 'tail'].includes(name),
        );
      expect(await eventually(async () => (await orphans()).length === 0)).toBe(true);
    },
  );

  it.concurrent.for(world.flavours)(
    'ends after --ttl without use ($name)',
    async ({ image }, { expect, onTestFinished }) => {
      const pod = await runPod('ttl');
      const capture = (...args: string[]) =>
        netdebug(['capture', pod.name, '--image', image, ...args], { onTestFinished }).finished;
      // While it is in use, it continues after its time.
      const { code, stderr } = await capture('--duration', '12', '--ttl', '10s');
      expect(code, stderr).toBe(0);
      const ended = () =>
        kubectl(['get', 'pod', pod.name, '-o', 'json']).then((json) => {
          const { status } = JSON.parse(json) as {
            status: {
              ephemeralContainerStatuses: { state: { terminated?: { exitCode: number } } }[];
            };
          };
          return status.ephemeralContainerStatuses[0]?.state.terminated?.exitCode === 0;
        });
      expect(await eventually(ended)).toBe(true);
      // The next command creates a new one.
      expect((await capture('--duration', '1')).code).toBe(0);
      expect(await ephemeralContainers(pod.name)).toHaveLength(2);
    },
  );
});

describe('errors', () => {
  it('an unknown pod: suggests similar names', async () => {
    const pod = await runPod('nearest');
    const wrong = pod.name.replace('nearest', 'nearst');
    const { code, stderr, kinds } = await failure(['capture', wrong, '--image', image]);
    expect(code).toBe(1);
    expect(kinds).toEqual(['not-found']);
    // The same wording as kubectl.
    expect(stderr).toContain(`Error from server (NotFound): pods "${wrong}" not found`);
    expect(stderr).toContain(`"${pod.name}"`);
  });

  it('an unknown deployment: the server’s message, and where to look', async () => {
    const { code, stderr, stdout, kinds } = await failure(['capture', 'deploy/x']);
    expect(kinds).toEqual(['not-found']);
    expect(stderr).toContain('deployments.apps "x" not found');
    expect(stderr).toContain('kubectl get deployments');
    expect(code).toBe(1);
    expect(stdout).toBe('');
  });

  it('a finished pod', async () => {
    const pod = await makePod('finished', {
      command: ['true'],
      spec: { restartPolicy: 'Never' },
    });
    await kubectl([
      'wait',
      '--for=jsonpath={.status.phase}=Succeeded',
      `pod/${pod}`,
      '--timeout=60s',
    ]);
    const { code, stderr, kinds } = await failure(['capture', pod, '--image', image]);
    expect(code).toBe(1);
    expect(kinds).toEqual(['unsuitable']);
    expect(stderr).toContain('Succeeded');
    expect(await ephemeralContainers(pod)).toEqual([]);
  });

  it('an image that cannot be pulled: the kubelet’s message, before the time limit', async () => {
    const pod = await runPod('pull');
    const args = ['capture', pod.name, '--image', 'registry.invalid/none:1'];
    const { code, stderr, kinds } = await failure(args);
    expect(code).toBe(1);
    // At the time limit it would be "not-started".
    expect(kinds).toEqual(['image']);
    expect(stderr).toContain('registry.invalid/none:1');
    expect(stderr).toContain('--image');
  });

  it('an image without the required programs', async (test) => {
    needs(test, 'images that lack tools');
    const { noShell = '', noTools = '' } = world.oddImages ?? {};
    const pod = await runPod('lacking');
    for (const lacking of [noShell, noTools]) {
      const { code, stderr, kinds } = await failure(['capture', pod.name, '--image', lacking]);
      expect(code).toBe(1);
      expect(kinds).toEqual(['image']);
      expect(stderr).toContain(lacking);
      expect(stderr).toContain('--image');
    }
  });

  it('unsupported pods: pending, Windows', async () => {
    const pending = await makePod('pending', {
      spec: { nodeName: '', nodeSelector: { nowhere: 'at-all' } },
    });
    const notYet = await failure(['capture', pending, '--image', image]);
    expect(notYet.kinds).toEqual(['unsuitable']);
    expect(notYet.stderr).toContain('Pending');
    const windows = await makePod('windows', { spec: { os: { name: 'windows' } } });
    expect((await failure(['capture', windows, '--image', image])).kinds).toEqual(['unsuitable']);
  });

  it('users without permission: prints the Role to request', async () => {
    const pod = await runPod('rights');
    for (const [user, right] of [
      ['nobody', /get resource "pods"/],
      ['viewer', /patch resource "pods\/ephemeralcontainers"/],
      ['no-exec', /get pods\/exec/],
    ] as const) {
      const env = { KUBECONFIG: namespaced(world.users[user] ?? '') };
      const refused = await failure(['capture', pod.name, '--image', image], { env });
      expect(refused.code).toBe(1);
      expect(refused.kinds).toEqual(['forbidden']);
      expect(refused.stderr).toMatch(right);
      expect(refused.stderr).toContain('kind: Role');
    }
  });

  it('an admission policy that refuses', async (test) => {
    needs(test, 'admission policies');
    const namespace = await namespaceFor('denied');
    const pod = await chattingPod(namespace);
    const policy = await deny(namespace, pod, { text: 'not on my watch' });
    const args = ['capture', pod, '-n', namespace, '--image', image];
    const { code, stderr, kinds } = await failure(args);
    expect(code).toBe(1);
    expect(kinds).toEqual(['denied']);
    expect(stderr).toContain(`"${policy}"`);
    expect(stderr).toContain('not on my watch');
  });

  it.each([
    [['capture'], 'TARGET'],
    [['capture', 'x', '--no-such-flag'], '--no-such-flag'],
    [['capture', 'x', '-c', 'many'], '"-c, --count"'],
    [['capture', 'x', '--duration', 'long'], '"--duration"'],
    [['capture', 'x', 'port', '80'], 'port'],
    [['capture', 'namespace/x'], '"namespace"'],
    [['captrue', 'x'], '"captrue"'],
    [['capture', 'x', '--image-pull-policy', 'Sometimes'], 'Always'],
  ])('%j is a usage error', async (args, word) => {
    const { code, stderr, stdout } = await netdebug(args).finished;
    expect(stderr).toContain(word);
    expect(code).toBe(2);
    expect(stdout).toBe('');
  });
});
