import { randomBytes } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import type { ProblemKind } from '../../src/problem.ts';
import { PROTOCOLS, paired } from './support/combinations.ts';
import { failure } from './support/failure.ts';
import { namespaceFor } from './support/namespaces.ts';
import { makePod, runPod, runStaticPod } from './support/pods.ts';
import { eventually } from './support/process.ts';
import { leftWorking, type Process, processes, untilProcesses } from './support/processes.ts';
import { needs } from './support/skips.ts';
import { inTerminal } from './support/tmux.ts';
import { kubectl, namespaced, netdebug, PROGRAM, world } from './support/world.ts';

const [flavour] = world.flavours;
const image = flavour?.image ?? '';

describe.each(paired([{}]))(
  'shell over $protocol with the $flavour image',
  ({ kubeconfig, image }) => {
    let pod: { name: string; ip: string };
    beforeAll(async () => {
      pod = await runPod('shell');
    });
    const env = { KUBECONFIG: namespaced(kubeconfig) };
    const shell = (command: readonly string[], stdin = '') =>
      netdebug(['shell', pod.name, '--image', image, '--', ...command], { env, stdin }).finished;

    it('runs a command in the network of the pod, with unchanged arguments and separate streams', async () => {
      const result = await shell([
        'sh',
        '-c',
        'cat /proc/net/fib_trie; printf "%s\\n" "$1" >&2; exit 7',
        'x',
        "a 'b\n$c\\n",
      ]);
      expect(result.stdout).toContain(`-- ${pod.ip}\n`);
      expect(result.stderr).toBe("a 'b\n$c\\n\n");
      expect(result.code).toBe(7);
    });

    it('transfers several megabytes through a command, and ends with its input', async () => {
      const bytes = randomBytes(3_000_001).toString('latin1');
      const running = netdebug(['shell', pod.name, '--image', image, '--', 'cat'], { env });
      running.child.stdin.end(Buffer.from(bytes, 'latin1'));
      const outcome = await running.finished;
      expect(outcome.code, outcome.stderr).toBe(0);
      expect(outcome.stdout === bytes).toBe(true);
    });

    it('does not wait for input that the command does not read', async () => {
      const running = netdebug(['shell', pod.name, '--image', image, '--', 'true'], { env });
      expect((await running.finished).code).toBe(0);
      expect((await shell(['no-such-program'])).code).toBe(127);
    });

    it('reads commands from a pipe', async () => {
      const running = netdebug(['shell', pod.name, '--image', image], {
        env,
        stdin: 'echo one\nexit 3\n',
      });
      const { stdout, code } = await running.finished;
      expect([stdout, code]).toEqual(['one\n', 3]);
    });

    it('passes Ctrl-C to the command, and prints its last output', async () => {
      const running = netdebug(
        [
          'shell',
          pod.name,
          '--image',
          image,
          '--',
          'sh',
          '-c',
          'trap "echo bye; exit 5" INT; echo here; while :; do sleep 0.1; done',
        ],
        { env },
      );
      await running.says(/here/);
      running.child.kill('SIGINT');
      const { stdout, code } = await running.finished;
      expect([stdout, code]).toEqual(['here\nbye\n', 5]);
    });

    // The sleeps are longer than a test may take: a command that waited for one would not end.
    it.concurrent.for([
      {
        title: 'ends the background jobs of an interrupted command',
        script: 'sleep 9997 & trap "exit 6" INT; echo here; while :; do sleep 0.1; done',
        signal: 'SIGINT',
        code: 6,
      },
      {
        title: 'leaves nothing after SIGKILL',
        script: 'trap "" HUP; sleep 9999 & echo here; sleep 9998',
        signal: 'SIGKILL',
      },
      {
        title: 'leaves nothing after SIGTERM',
        script: 'trap "" HUP; sleep 9999 & echo here; sleep 9998',
        signal: 'SIGTERM',
      },
    ] as const)('$title', async ({ script, signal, ...expected }, { expect, onTestFinished }) => {
      const { name } = await runPod('shell');
      const running = netdebug(['shell', name, '--image', image, '--', 'sh', '-c', script], {
        env,
        onTestFinished,
      });
      await running.says(/here/);
      running.child.kill(signal);
      const { stdout, code } = await running.finished;
      if ('code' in expected) expect([stdout, code]).toEqual(['here\n', expected.code]);
      expect(await leftWorking(name)).toEqual([]);
    });

    it.concurrent('returns all output of a command that leaves a background job, and its exit code at once', async ({
      expect,
      onTestFinished,
    }) => {
      const { name } = await runPod('shell');
      const script = 'sleep 9996 & head -c 5000000 /dev/zero | tr "\\0" x; exit 3';
      const command = ['shell', name, '--image', image, '--', 'sh', '-c', script];
      const running = netdebug(command, { env, stdin: '', onTestFinished });
      const { stdout, stderr, code } = await running.finished;
      expect([code, stderr]).toEqual([3, '']);
      expect(stdout === 'x'.repeat(5_000_000)).toBe(true);
      expect(await leftWorking(name)).toEqual([]);
    });
  },
);

describe.each(PROTOCOLS)('shell over $protocol with a terminal', ({ kubeconfig }) => {
  it('has its size, job control, Ctrl-C and the exit code, and restores the local terminal', async () => {
    const pod = await runPod('terminal');
    const [program, ...words] = PROGRAM;
    const terminal = await inTerminal(
      [program, ...words, 'shell', pod.name, '--image', image],
      { KUBECONFIG: namespaced(kubeconfig) },
      { columns: 91, rows: 27 },
    );
    const shows = async (pattern: RegExp) =>
      expect(
        await eventually(async () => pattern.test(await terminal.screen())),
        await terminal.screen(),
      ).toBe(true);
    await shows(/[#$] $/m);
    await terminal.type('echo "size $(stty size) TERM $TERM"');
    await shows(/^size 27 91 TERM (screen|tmux)/m);
    await terminal.resize(102, 33);
    // The new size is sent on a separate channel.
    let tries = 0;
    const isResized = async () => {
      tries += 1;
      await terminal.type(`stty size; echo "try $((${tries}))"`);
      await shows(new RegExp(`^try ${tries}$`, 'm'));
      return /^33 102$/m.test(await terminal.screen());
    };
    expect(await eventually(isResized), await terminal.screen()).toBe(true);
    // A key only affects a command that runs in the foreground, which is later than its line is shown.
    const sleepHasKeys = async () =>
      expect(
        await eventually(async () =>
          (await processes(pod.name, 'netdebug-network')).some(
            ({ name, state, foreground }) => name === 'sleep' && state === 'S' && foreground,
          ),
        ),
        await terminal.screen(),
      ).toBe(true);
    await terminal.type('sleep 9000');
    await sleepHasKeys();
    await terminal.press('C-z');
    await shows(/Stopped/);
    await terminal.type('fg');
    await sleepHasKeys();
    await terminal.press('C-c');
    await terminal.type('echo "after $((40 + 2))"');
    await shows(/^after 42$/m);
    await terminal.type('sleep 9001 &');
    await terminal.type('exit 9');
    await shows(/^ended 9$/m);
    expect(await leftWorking(pod.name)).toEqual([]);
  });

  it('leaves nothing after SIGKILL, not even processes that ignore SIGHUP', async () => {
    const pod = await runPod('killed');
    const [program, ...words] = PROGRAM;
    const terminal = await inTerminal(
      [program, ...words, 'shell', pod.name, '--image', image],
      { KUBECONFIG: namespaced(kubeconfig) },
      { columns: 80, rows: 24 },
    );
    const shows = (pattern: RegExp) =>
      eventually(async () => pattern.test(await terminal.screen()));
    expect(await shows(/[#$] $/m)).toBe(true);
    await terminal.type(
      'trap "" HUP; nohup sleep 9002 >/dev/null & setsid sleep 9003 & echo here $((1 + 1))',
    );
    expect(await shows(/here 2/)).toBe(true);
    const sleep = (all: readonly Process[]) =>
      all.filter(({ name, parent }) => name === 'sleep' && parent !== 1).length > 1;
    expect(sleep(await untilProcesses(pod.name, sleep))).toBe(true);
    process.kill(await terminal.pid(), 'SIGKILL');
    expect(await leftWorking(pod.name)).toEqual([]);
  });
});

interface Diagnosis {
  readonly ready: boolean;
  readonly checks: readonly { check: string; level: string; kind?: ProblemKind; text: string }[];
  readonly roles?: string;
}

describe('doctor', () => {
  const doctor = async (args: readonly string[], kubeconfig = world.kubeconfig) => {
    const env = { KUBECONFIG: namespaced(kubeconfig) };
    const { code, stdout, stderr } = await netdebug(
      ['doctor', ...args, '--image', image, '-o', 'json'],
      { env },
    ).finished;
    if (stdout === '') throw new Error(stderr);
    const diagnosis = JSON.parse(stdout) as Diagnosis;
    const at = (level: string) =>
      diagnosis.checks.filter((check) => check.level === level).map(({ text }) => text);
    /** The texts of one check, each after its level: "ok its own, 10.0.0.1". */
    const of = (name: string) =>
      diagnosis.checks.flatMap(({ check, level, text }) =>
        check === name ? `${level} ${text}` : [],
      );
    /** The failed checks with their kinds. */
    const failed = diagnosis.checks.flatMap(({ check, level, kind }) =>
      level === 'fail' ? [[check, kind]] : [],
    );
    return { code, ...diagnosis, failures: at('fail'), warnings: at('warning'), of, failed };
  };

  it('finds all requirements met, changes nothing, and inspects a running debugger', async () => {
    const pod = await runPod('healthy');
    const before = await kubectl(['get', 'pod', pod.name, '-o', 'jsonpath={.spec}']);
    const first = await doctor([pod.name]);
    expect(first).toMatchObject({ code: 0, ready: true, failures: [] });
    expect(first.roles).toBeUndefined();
    // With the capability that it would have.
    expect(first.of('debugger')).toEqual([
      expect.stringMatching(/^ok .*netdebug-network.*NET_RAW/),
    ]);
    expect(first.of('exec protocol')).toEqual([expect.stringMatching(/^ok .*\bv5\b/)]);
    expect(await kubectl(['get', 'pod', pod.name, '-o', 'jsonpath={.spec}'])).toBe(before);
    await netdebug(['shell', pod.name, '--image', image, '--', 'true']).finished;
    const second = await doctor([pod.name]);
    expect(second.code).toBe(0);
    // It runs, so it gets no capability, and its tools are checked.
    expect(second.of('debugger')).toEqual([
      expect.stringMatching(/^ok (?!.*NET_RAW).*netdebug-network/),
    ]);
    expect(second.of('exec')).toEqual([expect.stringMatching(/^ok .*v5\.channel\.k8s\.io/)]);
    expect(second.of('tools')).toEqual([expect.stringMatching(/^ok .*tcpdump/)]);
    const table = await netdebug(['doctor', pod.name, '--image', image]).finished;
    expect(table.stdout).toMatch(/^ok +API server +v1\./m);
    expect(table.stdout).not.toMatch(/^FAIL/m);
  });

  it('names the missing permission, and prints the Role to request', async () => {
    const pod = await runPod('rights');
    const lacks: Record<string, readonly string[]> = {
      debugger: [],
      'bare-debugger': [],
      viewer: ['patch pods/ephemeralcontainers', 'get pods/exec', 'create pods/exec'],
      'no-exec': ['get pods/exec', 'create pods/exec'],
      'no-patch': ['patch pods/ephemeralcontainers'],
      'exec-get': ['create pods/exec'],
    };
    const results = await Promise.all(
      Object.keys(lacks).map(async (user) => ({
        user,
        ...(await doctor([pod.name], world.users[user])),
      })),
    );
    for (const { user, code, checks, roles } of results) {
      const missing = checks.flatMap(({ check, kind, text }) =>
        check === 'permission' && kind === 'forbidden' ? text.split(' ').slice(-2).join(' ') : [],
      );
      expect(missing, user).toEqual(lacks[user]);
      expect(code, user).toBe(missing.length === 0 ? 0 : 1);
      if (missing.length > 0)
        expect(roles, user).toMatch(/kind: Role\n[\s\S]*pods\/ephemeralcontainers/);
    }
    const bare = results.find(({ user }) => user === 'bare-debugger');
    expect(bare?.warnings.join('\n')).toMatch(/list events[\s\S]*get nodes/);
    expect(bare?.roles).toMatch(/kind: ClusterRole\n[\s\S]*"nodes", "namespaces"/);
    expect((await doctor([], world.users.nobody)).code).toBe(1);
  });

  it('recognizes pods that cannot be entered, or only in another way', async (test) => {
    needs(test, 'folders for static pods');
    const [mirror, windows, host, finished] = await Promise.all([
      runStaticPod('static'),
      makePod('windows', { spec: { os: { name: 'windows' } } }),
      runPod('host', { command: ['sleep', 'infinity'], spec: { hostNetwork: true } }),
      makePod('done', { command: ['true'], spec: { restartPolicy: 'Never' } }),
    ]);
    await kubectl([
      'wait',
      '--for=jsonpath={.status.phase}=Succeeded',
      `pod/${finished}`,
      '--timeout=60s',
    ]);
    const [ofStatic, ofWindows, ofHost, ofFinished, ofNone] = await Promise.all(
      [mirror.name, windows, host.name, finished, 'no-such-pod'].map((name) => doctor([name])),
    );
    expect(ofStatic).toMatchObject({ code: 0, failures: [] });
    expect(ofStatic?.of('node debugger')).toEqual([
      expect.stringMatching(new RegExp(`^warning .*\\b${world.nodes[0]}\\b`)),
    ]);
    expect(ofWindows?.failed).toEqual([['pod', 'unsuitable']]);
    expect(ofWindows?.failures.join()).toContain('Windows');
    expect(ofFinished?.failed).toEqual([['pod', 'unsuitable']]);
    expect(ofFinished?.failures.join()).toContain('Succeeded');
    expect(ofNone?.failed).toEqual([['pod', 'not-found']]);
    expect(ofNone?.failures.join()).toContain('"no-such-pod"');
    expect(ofHost).toMatchObject({ code: 0, failures: [] });
    expect(ofHost?.of('network')).toEqual([expect.stringMatching(/^warning /)]);
  });

  it('checks Pod Security in advance', async () => {
    const namespace = await namespaceFor('care', {
      'pod-security.kubernetes.io/enforce': 'restricted',
    });
    const pod = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'guarded' },
      spec: {
        securityContext: {
          runAsNonRoot: true,
          runAsUser: 65532,
          seccompProfile: { type: 'RuntimeDefault' },
        },
        containers: [
          {
            name: 'main',
            image: world.appImage,
            command: ['sleep', 'infinity'],
            imagePullPolicy: 'IfNotPresent',
            securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
          },
        ],
        terminationGracePeriodSeconds: 0,
      },
    };
    await kubectl(['-n', namespace, 'create', '-f', '-'], JSON.stringify(pod));
    await kubectl([
      '-n',
      namespace,
      'wait',
      '--for=condition=Ready',
      'pod/guarded',
      '--timeout=60s',
    ]);
    const { code, failures, warnings } = await doctor(['guarded', '-n', namespace]);
    expect(code).toBe(1);
    expect(warnings.join()).toMatch(/\brestricted\b/);
    expect(failures).toEqual([
      expect.stringMatching(/violates PodSecurity "restricted/),
      expect.stringMatching(/violates PodSecurity "restricted/),
    ]);
    const round = await doctor(['guarded', '-n', namespace, '--node-namespace', world.namespace]);
    expect(round).toMatchObject({ code: 0, failures: [] });
    expect(round.warnings.join()).toContain(`namespace ${world.namespace}`);
    await kubectl([
      ...['label', '--overwrite', 'namespace', namespace],
      'pod-security.kubernetes.io/enforce=baseline',
    ]);
    const baseline = await doctor(['guarded', '-n', namespace]);
    expect(baseline).toMatchObject({ code: 0, failures: [] });
    // With the default capabilities of the runtime.
    expect(baseline.of('debugger')).toEqual([
      expect.stringMatching(/^ok (?!.*NET_RAW).*netdebug-network/),
    ]);
  });

  it('accepts a workload with one pod, and a node', async () => {
    const pod = await runPod('of-node');
    const node = world.nodes[0];
    const ofNode = await doctor([`node/${node}`]);
    expect(ofNode).toMatchObject({ code: 0, failures: [] });
    const byNodeCheck = new RegExp(`\\b${node}\\b.*\\b${world.namespace}\\b`);
    expect(ofNode.of('node debugger')).toEqual([expect.stringMatching(byNodeCheck)]);
    expect(ofNode.of('node debugger')[0]).toMatch(/^ok /);
    expect(ofNode.of('network')).toEqual([expect.stringMatching(/^warning /)]);
    const none = await doctor(['node/no-such-node']);
    expect(none.code).toBe(1);
    expect(none.failed).toEqual([['node', 'not-found']]);
    expect(none.failures.join()).toContain('"no-such-node"');
    const via = await doctor([pod.name, '--via', 'node']);
    expect(via.of('debugger')).toEqual([]);
    expect(via.of('node debugger')).toEqual([expect.stringMatching(byNodeCheck)]);
    expect(via.of('node debugger')[0]).toMatch(/^ok /);
    const byNode = await doctor([pod.name], world.users['node-debugger']);
    expect(byNode).toMatchObject({ code: 0, failures: [] });
    expect(byNode.of('node debugger')).toEqual([expect.stringMatching(byNodeCheck)]);
    expect(byNode.of('node debugger')[0]).toMatch(/^warning /);
    const bare = await doctor([`node/${node}`], world.users.debugger);
    expect(bare.code).toBe(1);
    expect(bare.roles).toMatch(/name: netdebug-node\n[\s\S]*"create", "delete"/);
  });

  it('an unreachable server', async () => {
    const KUBECONFIG = namespaced(world.kubeconfig, (cluster) => {
      cluster.server = 'https://127.0.0.1:9';
    });
    const { code, stdout, failed } = await failure(['doctor'], { env: { KUBECONFIG } });
    expect(code).toBe(1);
    expect(failed).toEqual({ 'API server': 'unreachable' });
    expect(stdout).toMatch(/^FAIL +API server .*127\.0\.0\.1:9/);
  });
});

describe('ps and cleanup', () => {
  interface Item {
    readonly kind: string;
    readonly pod: string;
    readonly container: string;
    readonly state: string;
    readonly runs?: readonly string[];
    readonly removal: string;
    readonly owner?: string;
  }
  let namespace: string;
  beforeAll(async () => {
    namespace = await namespaceFor('ours');
  });
  const ours = (...args: string[]) => netdebug([...args, '-n', namespace]).finished;
  const items = async () => JSON.parse((await ours('ps', '-o', 'json')).stdout) as Item[];

  it('list what netdebug created, and end what is not in use; captures only on request', async () => {
    const none = await failure(['ps', '-n', namespace]);
    expect(none.notices).toEqual(['nothing-found']);
    expect(none.stderr).toContain(namespace);
    const pod = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'web' },
      spec: {
        nodeName: world.nodes[0],
        terminationGracePeriodSeconds: 0,
        containers: [{ name: 'main', image: world.appImage, imagePullPolicy: 'IfNotPresent' }],
      },
    };
    await kubectl(['-n', namespace, 'create', '-f', '-'], JSON.stringify(pod));
    await kubectl(['-n', namespace, 'wait', '--for=condition=Ready', 'pod/web', '--timeout=60s']);
    // A container of another user, which must not be changed.
    const theirs = {
      name: 'theirs',
      image,
      command: ['sleep', '3600'],
      imagePullPolicy: 'IfNotPresent',
    };
    await kubectl([
      ...['-n', namespace, 'patch', 'pod', 'web', '--subresource=ephemeralcontainers', '-p'],
      JSON.stringify({ spec: { ephemeralContainers: [theirs] } }),
    ]);
    const captured = await ours('capture', 'web', '--image', image, '--detach', '--name', 'long');
    expect(captured.code, captured.stderr).toBe(0);
    const listed = await ours('ports', 'web', '-p', '--image', image);
    expect(listed.code, listed.stderr).toBe(0);
    const shell = netdebug([
      'shell',
      'web',
      '-n',
      namespace,
      '--image',
      image,
      '--',
      'sh',
      '-c',
      'echo entered; sleep 600',
    ]);
    await shell.says(/^entered$/m);

    const before = await items();
    expect(
      before.map(({ kind, container, state }) => `${kind} ${container} ${state}`).sort(),
    ).toEqual([
      'capture netdebug-capture-long running',
      'debugger netdebug-network running',
      'debugger netdebug-processes running',
    ]);
    const of = (list: readonly Item[], container: string) =>
      list.find((item) => item.container === container);
    expect(of(before, 'netdebug-network')?.runs).toEqual(['shell']);
    expect(of(before, 'netdebug-processes')?.runs).toEqual([]);
    expect(of(before, 'netdebug-capture-long')?.owner).toBeTruthy();
    expect((await ours('ps', '-o', 'name')).stdout).toContain('web/netdebug-network\n');
    expect((await ours('ps')).stdout).toMatch(/^KIND +POD +CONTAINER +STATE +RUNS +AGE/);

    const result = await failure(['cleanup', '-n', namespace]);
    expect([result.code, result.kinds]).toEqual([2, ['usage']]);
    expect(result.stderr).toContain('--yes');
    const dry = await ours('cleanup', '--dry-run');
    expect(dry.stdout.split('\n')).toEqual([
      expect.stringContaining('web/netdebug-processes '),
      '',
    ]);
    expect((await items()).every(({ state }) => state === 'running')).toBe(true);

    const careful = await failure(['cleanup', '--yes', '-n', namespace]);
    expect(careful.stdout.split('\n')).toEqual([
      expect.stringContaining('web/netdebug-processes '),
      '',
    ]);
    expect(careful.notices.filter((kind) => kind === 'kept')).toHaveLength(2);
    expect(careful.stderr).toMatch(/netdebug-network .*shell/);
    expect(careful.stderr).toContain('netdebug-capture-long');
    expect(careful.code).toBe(0);

    const all = await ours('cleanup', '--yes', '--captures');
    expect(all.code, all.stderr).toBe(0);
    expect((await shell.finished).code).not.toBe(0);
    const after = await items();
    expect(after.map(({ state }) => state)).toEqual(['ended', 'ended', 'ended']);
    // What is running is removed by other means than what has ended.
    expect(after.map(({ removal }) => removal)).not.toContain(before[0]?.removal);
    const again = await ours('cleanup', '--yes');
    expect(again.stderr).toMatch(/^3 /m);
    const states = await kubectl([
      ...['-n', namespace, 'get', 'pod', 'web', '-o'],
      'jsonpath={.status.ephemeralContainerStatuses[?(@.name=="theirs")].state.running.startedAt}',
    ]);
    expect(states).not.toBe('');
  });
});
