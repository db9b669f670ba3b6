import { existsSync, statSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import type { ProblemKind } from '../../src/problem.ts';
import { adminCall } from './support/adminApi.ts';
import { problemsIn } from './support/failure.ts';
import { namespaceFor } from './support/namespaces.ts';
import { CHATTER, runPod, working } from './support/pods.ts';
import { eventually, type Running, run } from './support/process.ts';
import { freshPath, namespaced, netdebug, world } from './support/world.ts';

/**
 * What becomes of a command under each fault of test/faults/switches.ts: it survives or it
 * fails with exit 1 and a problem of a kind. Either way what was saved reads to the last packet, and
 * nothing of ours works on in the pod.
 */
interface Case {
  readonly fault: Readonly<Record<string, string>>;
  /** A capture into a file unless it is another command. */
  readonly command?: 'ports' | 'text';
  readonly flags?: readonly string[];
  /** The kind of the problem when it fails; absent when it survives. */
  readonly fails?: ProblemKind;
  /** Whether the file that was begun is kept when it fails. */
  readonly keeps?: true;
  /** Whether the connection is lost, and what was recorded meanwhile comes all the same. */
  readonly resumes?: true;
  /** What it says while it waits, and no word of a lost connection. */
  readonly waits?: RegExp;
  /** Execs are faulty until it says this; those that it opens later are sound. */
  readonly until?: RegExp;
  /** Done while it runs. */
  readonly meanwhile?: (namespace: string, running: Running) => Promise<void>;
}

/** When a capture has its header and some packets, and more would come. */
const IN_THE_MIDDLE = '3500';
/** Without a spool, where the end of the stream is that of the capture. */
const DIRECTLY = ['--stream', '--duration', '3'];
/** The same where the stream is cut: it lasts until it has that many bytes on a busy machine, too. */
const UNTIL_CUT = ['--stream', '--duration', '30'];
/** Said with the first packets, seconds before there are enough of them. */
const CAPTURING = /capturing on/;

const CASES: readonly Case[] = [
  // Longest first: silence is only noticed after a while.
  ...['stall', 'cut blackhole', 'cut fin', 'cut rst'].flatMap((way): Case[] => {
    const [name = '', how = ''] = way.split(' ');
    const fault = { [`${name}-after`]: `${IN_THE_MIDDLE} ${how}`.trim() };
    return [
      { fault: { ...fault, 'only-streams': '* exec' }, until: CAPTURING, resumes: true },
      {
        fault: { ...fault, 'only-streams': '* exec' },
        flags: UNTIL_CUT,
        fails: 'lost',
        keeps: true,
      },
    ];
  }),
  {
    fault: { 'close-stdout-after': IN_THE_MIDDLE, 'only-streams': '* exec' },
    until: CAPTURING,
    resumes: true,
  },
  {
    fault: { 'close-stdout-after': '1500' },
    flags: DIRECTLY,
    fails: 'lost',
    keeps: true,
  },
  // By way of a spool the recorder itself says that it ended and where: its packets are all here.
  { fault: { 'no-status': 'true' } },
  { fault: { 'garble-status': 'true' } },
  {
    fault: { 'no-status': 'true' },
    flags: DIRECTLY,
    fails: 'lost',
    keeps: true,
  },
  {
    fault: { 'garble-status': 'true' },
    flags: DIRECTLY,
    fails: 'lost',
    keeps: true,
  },
  {
    fault: { 'cut-after': '400 rst', 'only-streams': '* exec' },
    command: 'text',
    fails: 'unreachable',
  },
  { fault: { 'no-status': 'true' }, command: 'ports', fails: 'unreachable' },
  { fault: { 'idle-cut': '3' }, flags: ['--duration', '5', '--', 'port', '1'] },
  // The command starts long after the websocket is open, as on a busy node: nothing was lost.
  ...['plain', 'v4'].flatMap((protocol): Case[] => {
    const fault = {
      'delay-exec': '14000',
      'only-streams': '* exec',
      ...(protocol === 'v4' && { 'refuse-v5': 'true' }),
    };
    return [
      { fault, waits: /still waiting for the pod to start the recorder/ },
      { fault, command: 'text' as const, waits: /still waiting for the pod to start tcpdump/ },
      { fault, command: 'ports' as const, waits: /still waiting for the pod to list its sockets/ },
    ].map((one) => ({ ...one, until: one.waits }));
  }),
  { fault: { throttle: '3000' } },
  { fault: { 'refuse-v5': 'true' } },
  { fault: { 'refuse-v5': 'true' }, command: 'text' },
  { fault: { 'clock-skew': '86400' } },
  { fault: { 'clock-skew': '-86400' }, command: 'ports' },

  { fault: { answer: '429 2' } },
  { fault: { answer: '429' }, command: 'ports', fails: 'unreachable' },
  { fault: { answer: '429 1 get pods/exec' }, command: 'text' },
  { fault: { answer: '503 1 get pods/exec' }, command: 'ports' },
  { fault: { answer: '503 1 patch pods/ephemeralcontainers' }, command: 'text' },
  {
    fault: { answer: '503', 'retry-after': 'none' },
    command: 'ports',
    fails: 'unreachable',
  },
  { fault: { answer: '500' }, command: 'ports', fails: 'unreachable' },
  { fault: { answer: '500 1 watch pods' }, command: 'text' },
  {
    fault: { answer: '401' },
    command: 'text',
    fails: 'unauthenticated',
  },
  {
    fault: { answer: '403 * get pods/exec' },
    fails: 'forbidden',
  },
  { fault: { answer: '409 1 patch pods/ephemeralcontainers' }, command: 'text' },
  {
    fault: { answer: '409 * patch pods/ephemeralcontainers' },
    command: 'ports',
    fails: 'exists',
  },

  { fault: { 'cut-after': '300 rst', 'only-streams': '2 watch' }, command: 'text' },
  { fault: { 'cut-after': '0 fin', 'only-streams': '2 watch' }, command: 'ports' },
  {
    fault: {},
    command: 'text',
    meanwhile: async (namespace, running) => {
      // However long the debugger takes to start, a watch of its start expires.
      for (let turn = 0; turn < 500 && !/capturing/.test(running.stderr()); turn += 1)
        await setFaults(namespace, { 'expire-watches': `${turn}` });
    },
  },
];

const image = world.flavours[0]?.image ?? '';
const POD = 'faulty';

/** Sets the switches of a namespace, or takes them away again with null. */
async function setFaults(namespace: string, faults: Readonly<Record<string, string | null>>) {
  const annotations = Object.fromEntries(
    Object.entries(faults).map(([name, value]) => [`netdebug.test/${name}`, value]),
  );
  await adminCall('PATCH', `/api/v1/namespaces/${namespace}`, { metadata: { annotations } });
}

/** A pod that sends packets, alone in a namespace: gives that. */
async function chatterIn(to: string): Promise<string> {
  const namespace = await namespaceFor('faults');
  const pods = `/api/v1/namespaces/${namespace}/pods`;
  const container = { name: 'main', image: world.appImage, imagePullPolicy: 'IfNotPresent' };
  await adminCall('POST', pods, {
    metadata: { name: POD },
    spec: {
      nodeName: world.nodes[0],
      terminationGracePeriodSeconds: 0,
      containers: [{ ...container, command: CHATTER, env: [{ name: 'TO', value: to }] }],
    },
  });
  const runs = async () => (await podIn(namespace)).status?.phase === 'Running';
  expect(await eventually(runs)).toBe(true);
  return namespace;
}

async function podIn(namespace: string) {
  const pod = await adminCall('GET', `/api/v1/namespaces/${namespace}/pods/${POD}`);
  return pod as {
    readonly spec: { readonly ephemeralContainers?: readonly { readonly name: string }[] };
    readonly status?: { readonly phase?: string };
  };
}

function argumentsOf({ command, flags }: Case, namespace: string, file: string): string[] {
  const own = ['-n', namespace, '--image', image, ...(flags ?? [])];
  if (command === 'ports') return ['ports', POD, ...own];
  if (command === 'text') return ['capture', POD, '-c', '5', ...own, '--', 'udp', 'port', '9'];
  return ['capture', POD, '-w', file, ...(flags ? [] : ['--duration', '3']), ...own];
}

/**
 * How many datagrams of the pod's are in a file. Another program reads it to its end without a
 * complaint, and none is missing or there twice between the first and the last.
 */
async function datagramsIn(file: string): Promise<number> {
  // Not what is answered, which quotes them.
  const read = await run('tcpdump', ['-r', file, '-n', '-A', 'udp dst port 9']);
  expect(read.code, read.stderr).toBe(0);
  expect(read.stderr).not.toMatch(/truncated|error/i);
  const numbers = [...read.stdout.matchAll(/seq-(\d{6})/g)].map(([, number]) => Number(number));
  const [first = 0] = numbers;
  expect(numbers).toEqual(numbers.map((_, index) => first + index));
  return numbers.length;
}

async function expectNothingLeft(pod: string, namespace: string): Promise<void> {
  const idle = async () => (await working(pod, 'netdebug-network', namespace)).length === 0;
  expect(await eventually(idle)).toBe(true);
}

describe('under a fault', () => {
  let sink: string;
  beforeAll(async () => {
    sink = (await runPod('sink', { node: 1 })).ip;
  });

  const titled = CASES.map((one) => ({
    ...one,
    title: [
      one.command ?? ['capture -w', ...(one.flags ?? [])].join(' '),
      one.fails ? 'fails' : one.resumes ? 'resumes' : 'survives',
      ...Object.entries(one.fault).flat(),
      one.meanwhile ? 'expire-watches' : '',
    ].join(' '),
  }));

  it.concurrent.for(titled)('$title', async (one, { expect, onTestFinished }) => {
    const namespace = await chatterIn(sink);
    // With a debugger there, an exec is opened early, and used if its node is not too busy.
    if (one.until)
      await netdebug(['ports', POD, '-n', namespace, '--image', image], { onTestFinished })
        .finished;
    await setFaults(namespace, one.fault);

    const file = freshPath('faulty.pcap');
    const trace = freshPath('trace.json');
    const [command = '', ...args] = argumentsOf(one, namespace, file);
    const running = netdebug([command, '--trace-timing', trace, ...args], {
      env: { KUBECONFIG: namespaced(world.faulty.plain) },
      onTestFinished,
    });
    await one.meanwhile?.(namespace, running);
    if (one.until) {
      await running.says(one.until);
      await setFaults(namespace, { 'only-streams': '0 exec' });
    }
    const { code, stdout, stderr } = await running.finished;
    await setFaults(
      namespace,
      Object.fromEntries(Object.keys(one.fault).map((name) => [name, null])),
    );

    expect(code, stderr).toBe(one.fails ? 1 : 0);
    expect(problemsIn(trace).kinds, stderr).toEqual(one.fails ? [one.fails] : []);
    const resumed = /resumed after [\d.]+ s [\s\S]*; resumed after 1 interruption/;
    if (one.resumes) expect(stderr).toMatch(resumed);
    expect(stderr).not.toContain('bug in kubectl netdebug');
    if (one.waits) {
      expect(stderr).toMatch(one.waits);
      expect(stderr).not.toMatch(/connection lost|resumed|interruption/);
    }
    if (!one.fails && one.command === 'text') expect(stdout.trim()).not.toBe('');
    // Between two datagrams the pod has no socket, and that is said.
    if (!one.fails && one.command === 'ports')
      expect(stdout + stderr).toMatch(/PROTO|no .*sockets/);
    if (one.command === undefined) {
      const begun = one.keeps === true || !one.fails;
      expect(existsSync(file)).toBe(begun);
      if (begun) {
        const datagrams = await datagramsIn(file);
        // Where it resumes, more than came before it was cut. A reset destroys what the client has not read yet.
        const least = one.resumes ? 30 : one.fault['cut-after']?.endsWith('rst') ? 0 : 5;
        if (!one.flags?.includes('--')) expect(datagrams).toBeGreaterThan(least);
      }
    }
    const debuggers = (await podIn(namespace)).spec.ephemeralContainers ?? [];
    expect(debuggers.length).toBeLessThan(2);
    if (debuggers.length > 0) await expectNothingLeft(POD, namespace);
  });

  it.concurrent('a restart of the API server: the capture goes on where it stood, and the next command works', async ({
    expect,
    onTestFinished,
  }) => {
    const namespace = await chatterIn(sink);
    const KUBECONFIG = namespaced(world.faulty.unsteady);
    const command = (args: readonly string[]) =>
      netdebug([...args, '-n', namespace, '--image', image], {
        env: { KUBECONFIG },
        onTestFinished,
      });
    const file = freshPath('restart.pcap');
    const running = command(['capture', POD, '-w', file, '--duration', '8']);
    await running.says(/capturing on/);
    await eventually(() => existsSync(file) && statSync(file).size > 1000);
    await setFaults(namespace, { restart: '3000' });
    await running.says(/connection lost/);
    const trace = freshPath('trace.json');
    const away = await command(['ports', POD, '--trace-timing', trace]).finished;
    // The server may be back already where the machine is slow.
    if (away.code !== 0) expect(problemsIn(trace).kinds).toEqual(['unreachable']);
    const { code, stderr } = await running.finished;
    expect(code, stderr).toBe(0);
    expect(stderr).toMatch(/; resumed after 1 interruption/);
    // Those of the time without a server are there, too.
    expect(await datagramsIn(file)).toBeGreaterThan(60);
    await expectNothingLeft(POD, namespace);
    expect((await command(['ports', POD]).finished).code).toBe(0);
  });
});
