import { existsSync, statSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import type { ProblemKind } from '../../src/problem.ts';
import type { SwitchName } from '../faults/switches.ts';
import { adminCall } from './support/adminApi.ts';
import { type Traced, traced } from './support/failure.ts';
import { namespaceFor } from './support/namespaces.ts';
import { holdsPackets, packetsSoFar } from './support/packets.ts';
import { CHATTER, runPod } from './support/pods.ts';
import { eventually, run } from './support/process.ts';
import { leftWorking } from './support/processes.ts';
import { freshPath, namespaced, netdebug, world } from './support/world.ts';

/**
 * The result of a command under each fault of test/faults/switches.ts: it survives, or it fails with exit code 1 and a
 * certain kind of problem. In either case, saved files can be read to the last packet, and only the debugger's main
 * process keeps running in the pod.
 */
interface Case {
  readonly fault: Readonly<Partial<Record<SwitchName, string>>>;
  /** The command, if it is not a capture to a file. */
  readonly command?: 'ports' | 'text';
  readonly flags?: readonly string[];
  /** The kind of the problem if the command fails. Absent if it survives. */
  readonly fails?: ProblemKind;
  /** Whether the file is kept when the command fails. */
  readonly keeps?: true;
  /** Whether the connection is lost, but the packets recorded in the meantime still arrive. */
  readonly resumes?: true;
  /** Execs are faulty until this happens. Later execs work. A slow start must not be reported as a lost connection. */
  readonly until?: 'capturing' | 'slow start';
  /** Called while the command runs. */
  readonly meanwhile?: (namespace: string, running: Traced) => Promise<void>;
}

/** At this offset, a capture has its header and some packets, and more would follow. */
const IN_THE_MIDDLE = '3500';
/** Without a spool, so that the capture ends with the stream. */
const DIRECTLY = ['--stream', '--duration', '3'];
/** The same for a stream that is cut. It lasts long enough to reach the offset, even on a busy machine. */
const UNTIL_CUT = ['--stream', '--duration', '30'];

const CASES: readonly Case[] = [
  // The longest cases come first, because silence takes time to detect.
  ...[
    { 'stall-after': IN_THE_MIDDLE },
    { 'disconnect-after': `${IN_THE_MIDDLE} blackhole` },
    { 'disconnect-after': `${IN_THE_MIDDLE} fin` },
    { 'disconnect-after': `${IN_THE_MIDDLE} rst` },
  ].flatMap((cut): Case[] => {
    const fault: Case['fault'] = { ...cut, 'only-streams': '* exec' };
    return [
      { fault, until: 'capturing', resumes: true },
      { fault, flags: UNTIL_CUT, fails: 'lost', keeps: true },
    ];
  }),
  {
    fault: { 'close-stdout-after': IN_THE_MIDDLE, 'only-streams': '* exec' },
    until: 'capturing',
    resumes: true,
  },
  {
    fault: { 'close-stdout-after': '1500' },
    flags: UNTIL_CUT,
    fails: 'lost',
    keeps: true,
  },
  // With a spool, the recorder itself reports that it ended, and where, so no packets are missing.
  { fault: { 'drop-status': 'true' } },
  { fault: { 'truncate-status': 'true' } },
  {
    fault: { 'drop-status': 'true' },
    flags: DIRECTLY,
    fails: 'lost',
    keeps: true,
  },
  {
    fault: { 'truncate-status': 'true' },
    flags: DIRECTLY,
    fails: 'lost',
    keeps: true,
  },
  {
    fault: { 'disconnect-after': '400 rst', 'only-streams': '* exec' },
    command: 'text',
    fails: 'unreachable',
  },
  { fault: { 'drop-status': 'true' }, command: 'ports', fails: 'unreachable' },
  { fault: { 'idle-timeout': '3' }, flags: ['--duration', '5', '--', 'port', '1'] },
  // The command starts long after the websocket is open, as on a busy node. Nothing is lost.
  ...['plain', 'v4'].flatMap((protocol): Case[] => {
    const fault = {
      'delay-exec': '14000',
      'only-streams': '* exec',
      ...(protocol === 'v4' && { 'refuse-v5': 'true' }),
    };
    return [{}, { command: 'text' as const }, { command: 'ports' as const }].map((testCase) => ({
      ...{ fault, until: 'slow start' as const },
      ...testCase,
    }));
  }),
  { fault: { throttle: '3000' } },
  { fault: { 'refuse-v5': 'true' } },
  { fault: { 'refuse-v5': 'true' }, command: 'text' },
  { fault: { 'clock-skew': '86400' } },
  { fault: { 'clock-skew': '-86400' }, command: 'ports' },

  { fault: { 'http-error': '429 2' } },
  { fault: { 'http-error': '429' }, command: 'ports', fails: 'unreachable' },
  { fault: { 'http-error': '429 1 get pods/exec' }, command: 'text' },
  { fault: { 'http-error': '503 1 get pods/exec' }, command: 'ports' },
  { fault: { 'http-error': '503 1 patch pods/ephemeralcontainers' }, command: 'text' },
  {
    fault: { 'http-error': '503', 'retry-after': 'none' },
    command: 'ports',
    fails: 'unreachable',
  },
  { fault: { 'http-error': '500' }, command: 'ports', fails: 'unreachable' },
  { fault: { 'http-error': '500 1 watch pods' }, command: 'text' },
  {
    fault: { 'http-error': '401' },
    command: 'text',
    fails: 'unauthenticated',
  },
  {
    fault: { 'http-error': '403 * get pods/exec' },
    fails: 'forbidden',
  },
  { fault: { 'http-error': '409 1 patch pods/ephemeralcontainers' }, command: 'text' },
  {
    fault: { 'http-error': '409 * patch pods/ephemeralcontainers' },
    command: 'ports',
    fails: 'conflict',
  },

  { fault: { 'disconnect-after': '300 rst', 'only-streams': '2 watch' }, command: 'text' },
  { fault: { 'disconnect-after': '0 fin', 'only-streams': '2 watch' }, command: 'ports' },
  {
    fault: {},
    command: 'text',
    meanwhile: async (namespace, running) => {
      // Expires the watch of the debugger's start, however long the start takes.
      for (let turn = 0; turn < 500 && !running.reported().notices.includes('capturing'); turn += 1)
        await setFaults(namespace, { 'expire-watches': `${turn}` });
    },
  },
];

const image = world.flavours[0]?.image ?? '';
const POD = 'faulty';

/** Sets the switches of a namespace, or removes them with null. */
async function setFaults(
  namespace: string,
  faults: Readonly<Partial<Record<SwitchName, string | null>>>,
) {
  const annotations = Object.fromEntries(
    Object.entries(faults).map(([name, value]) => [`netdebug.test/${name}`, value]),
  );
  await adminCall('PATCH', `/api/v1/namespaces/${namespace}`, { metadata: { annotations } });
}

/** Creates a pod that sends packets, alone in a namespace. Returns the namespace. */
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

function argumentsOf({ command, flags, resumes }: Case, namespace: string, file: string): string[] {
  const own = ['-n', namespace, '--image', image, ...(flags ?? [])];
  if (command === 'ports') return ['ports', POD, ...own];
  if (command === 'text') return ['capture', POD, '-c', '5', ...own, '--', 'udp', 'port', '9'];
  // A capture that resumes gets Ctrl-C afterwards.
  return ['capture', POD, '-w', file, ...(flags || resumes ? [] : ['--duration', '3']), ...own];
}

/** The pod's datagrams, without the ICMP responses, which quote them. */
const DATAGRAMS = 'udp dst port 9';

/** Waits until a capture has resumed and has more datagrams than before. Then ends it with Ctrl-C. */
async function interruptResumed(running: Traced, file: string): Promise<void> {
  await running.reports('resumed');
  await holdsPackets(file, (await packetsSoFar(file, DATAGRAMS)) + 10, DATAGRAMS);
  running.child.kill('SIGINT');
}

/**
 * The number of the pod's datagrams in a file. tcpdump reads the file to its end without an error, and no datagram
 * between the first and the last is missing or duplicated.
 */
async function datagramsIn(file: string): Promise<number> {
  const read = await run('tcpdump', ['-r', file, '-n', '-A', DATAGRAMS]);
  expect(read.code, read.stderr).toBe(0);
  expect(read.stderr).not.toMatch(/truncated|error/i);
  const numbers = [...read.stdout.matchAll(/seq-(\d{6})/g)].map(([, number]) => Number(number));
  const [first = 0] = numbers;
  expect(numbers).toEqual(numbers.map((_, index) => first + index));
  return numbers.length;
}

async function expectNothingLeft(pod: string, namespace: string): Promise<void> {
  expect(await leftWorking(pod, 'netdebug-network', namespace)).toEqual([]);
}

describe('under a fault', () => {
  let sink: string;
  beforeAll(async () => {
    sink = (await runPod('sink', { node: 1 })).ip;
  });

  const titled = CASES.map((testCase) => ({
    ...testCase,
    title: [
      testCase.command ?? ['capture -w', ...(testCase.flags ?? [])].join(' '),
      testCase.fails ? 'fails' : testCase.resumes ? 'resumes' : 'survives',
      ...Object.entries(testCase.fault).flat(),
      testCase.meanwhile ? 'expire-watches' : '',
    ].join(' '),
  }));

  it.concurrent.for(titled)('$title', async (testCase, { expect, onTestFinished }) => {
    const namespace = await chatterIn(sink);
    // If there is a debugger, an exec is opened early, and used unless the node is too busy.
    if (testCase.until)
      await netdebug(['ports', POD, '-n', namespace, '--image', image], { onTestFinished })
        .finished;
    await setFaults(namespace, testCase.fault);

    const file = freshPath('faulty.pcap');
    const running = traced(argumentsOf(testCase, namespace, file), {
      env: { KUBECONFIG: namespaced(world.faulty.plain) },
      onTestFinished,
    });
    await testCase.meanwhile?.(namespace, running);
    if (testCase.until) {
      if (testCase.until === 'capturing') await running.reports(testCase.until);
      else await running.traces(testCase.until);
      await setFaults(namespace, { 'only-streams': '0 exec' });
    }
    if (testCase.resumes) await interruptResumed(running, file);
    const { code, stdout, stderr } = await running.finished;
    await setFaults(
      namespace,
      Object.fromEntries(Object.keys(testCase.fault).map((name) => [name, null])),
    );

    expect(code, stderr).toBe(testCase.fails ? 1 : 0);
    const { kinds, notices } = running.reported();
    expect(kinds, stderr).toEqual(testCase.fails ? [testCase.fails] : []);
    const interruptions = notices.filter((kind) => /^(connection-lost|resumed|gap)$/.test(kind));
    if (testCase.resumes) expect(interruptions, stderr).toEqual(['connection-lost', 'resumed']);
    // Not a bug, which is reported with its stack.
    expect(stderr).not.toMatch(/^ {4}at /m);
    if (testCase.until === 'slow start') expect(interruptions).toEqual([]);
    if (!testCase.fails && testCase.command === 'text') expect(stdout.trim()).not.toBe('');
    // Between two datagrams, the pod has no socket, and the command reports that.
    if (!testCase.fails && testCase.command === 'ports')
      expect(stdout.startsWith('PROTO') || notices.includes('nothing-found'), stderr).toBe(true);
    if (testCase.command === undefined) {
      const begun = testCase.keeps === true || !testCase.fails;
      expect(existsSync(file)).toBe(begun);
      if (begun) {
        const datagrams = await datagramsIn(file);
        // A reset discards data that the client has not read yet.
        const isReset = !testCase.resumes && testCase.fault['disconnect-after']?.endsWith('rst');
        const least = isReset ? 0 : 5;
        if (!testCase.flags?.includes('--')) expect(datagrams).toBeGreaterThan(least);
      }
    }
    const debuggers = (await podIn(namespace)).spec.ephemeralContainers ?? [];
    expect(debuggers.length).toBeLessThan(2);
    if (debuggers.length > 0) await expectNothingLeft(POD, namespace);
  });

  it.concurrent('a restart of the API server: the capture resumes where it stopped, and the next command works', async ({
    expect,
    onTestFinished,
  }) => {
    const namespace = await chatterIn(sink);
    const KUBECONFIG = namespaced(world.faulty.unsteady);
    const command = (args: readonly string[]) =>
      traced([...args, '-n', namespace, '--image', image], {
        env: { KUBECONFIG },
        onTestFinished,
      });
    const file = freshPath('restart.pcap');
    const running = command(['capture', POD, '-w', file]);
    await running.reports('capturing');
    expect(await eventually(() => existsSync(file) && statSync(file).size > 1000)).toBe(true);
    await setFaults(namespace, { restart: '3000' });
    await running.reports('connection-lost');
    const away = command(['ports', POD]);
    // On a slow machine, the server may be back already.
    if ((await away.finished).code !== 0) expect(away.reported().kinds).toEqual(['unreachable']);
    await interruptResumed(running, file);
    const { code, stderr } = await running.finished;
    expect(code, stderr).toBe(0);
    const interruptions = running.reported().notices.filter((kind) => kind !== 'waiting');
    expect(interruptions).toEqual(['capturing', 'connection-lost', 'resumed']);
    // Includes the packets from the time without a server: none is missing.
    expect(await datagramsIn(file)).toBeGreaterThan(10);
    await expectNothingLeft(POD, namespace);
    expect((await command(['ports', POD]).finished).code).toBe(0);
  });
});
