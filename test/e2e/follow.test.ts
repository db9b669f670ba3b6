import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { beforeAll, describe, expect, it } from 'vitest';
import { paired } from './support/combinations.ts';
import { traced } from './support/failure.ts';
import { namespaceFor } from './support/namespaces.ts';
import { expectNoGap } from './support/packets.ts';
import { CHATTER, runPod } from './support/pods.ts';
import { eventually, type Running, run } from './support/process.ts';
import { leftWorking, type Process, untilProcesses } from './support/processes.ts';
import { type FaultyProxy, proxyTo } from './support/proxy.ts';
import { watchRecorder, watchRing } from './support/recorders.ts';
import { type AtEnd, freshPath, kubectl, world } from './support/world.ts';

let sink: string;
beforeAll(async () => {
  sink = (await runPod('sink', { node: 1 })).ip;
});

/** What interrupts the connection while client and recorder continue. */
const CUTS: readonly {
  readonly how: string;
  readonly cut: (proxy: FaultyProxy, capture: Running, pod: string) => Promise<void> | void;
}[] = [
  { how: 'FIN', cut: (proxy) => proxy.fin() },
  { how: 'RST', cut: (proxy) => proxy.reset() },
  {
    how: 'a server that is away for three attempts',
    cut: async (proxy) => {
      proxy.goDown();
      expect(await eventually(() => proxy.refused() >= 3)).toBe(true);
      proxy.heal();
    },
  },
  {
    how: 'a link that swallows everything',
    cut: (proxy) => {
      proxy.blackhole();
      proxy.heal();
    },
  },
  {
    how: 'SIGSTOP for longer than the lease',
    cut: async (_, { child }, pod) => {
      child.kill('SIGSTOP');
      expect(followers(await untilProcesses(pod, (all) => followers(all).length === 0))).toEqual(
        [],
      );
      child.kill('SIGCONT');
    },
  },
];

/** All cases at the same time. Those that take longest come first. */
const CASES = paired(CUTS.toReversed());

describe('a capture with a spool', () => {
  it.concurrent.for(CASES)(
    'over $protocol, $flavour image, continues after $how: no packet is missing or duplicated',
    async ({ kubeconfig, image, cut }, { onTestFinished }) => {
      const started = await chatterCapture({ kubeconfig, image }, onTestFinished);
      const { capture, file, proxy } = started;
      await holds(file, 20);
      await cut(proxy, capture, started.pod);
      await capture.reports('resumed');
      await holds(file, (await packetsIn(file)) + 20);
      capture.child.kill('SIGINT');
      const { code, stderr } = await capture.finished;
      expect(code, stderr).toBe(0);
      const { notices } = capture.reported();
      expect(notices.filter((kind) => kind !== 'waiting')).toEqual([
        ...['capturing', 'connection-lost', 'resumed'],
      ]);
      expect(stderr).toMatch(/^\d[\d,]* packets .*\b1 interruption\b/m);
      await expectEverySequenceNumber(file, 40);
    },
  );

  it.concurrent.for(world.flavours)(
    'with the $name image has the same bytes as the files in the pod',
    async ({ image }, { onTestFinished }) => {
      // An eighth of it is 6 MB: each file has a megabyte, and the recorder fills several.
      const pod = await runPod('bytes', { container: storageLimit('48Mi') });
      const file = freshPath('bytes.pcap');
      const args = ['capture', pod.name, '--image', image, '-w', file, '--', 'udp port 7777'];
      const capture = traced(args, { onTestFinished });
      await capture.reports('capturing');
      await burst(pod.name, sink, 1500);
      const arrived = async () => (await packetsIn(file)) === 1500;
      expect(await eventually(arrived), capture.stderr()).toBe(true);

      const listed = await inDebugger(pod.name, 'ls /netdebug-*/ring/*');
      const names = listed.trim().split('\n').sort();
      expect(names.length).toBeGreaterThan(2);
      const files: Buffer[] = [];
      for (const name of names) {
        const hex = await inDebugger(pod.name, `od -An -v -tx1 ${name}`);
        files.push(Buffer.from(hex.replace(/\s/g, ''), 'hex'));
      }
      const [first = Buffer.alloc(0)] = files;
      const joined = Buffer.concat([
        first.subarray(0, 24),
        ...files.map((bytes) => bytes.subarray(24)),
      ]);
      expect(readFileSync(file).equals(joined)).toBe(true);
      capture.child.kill('SIGINT');
      expect((await capture.finished).code).toBe(0);
      expect(await inDebugger(pod.name, 'ls /')).not.toContain('netdebug-');
    },
  );

  it.concurrent.for(world.flavours)(
    'with the $name image reports what the ring dropped because the client was too slow',
    async ({ image }, { onTestFinished }) => {
      const pod = await runPod('gap', { container: storageLimit('48Mi') });
      const file = freshPath('gap.pcap');
      const args = ['capture', pod.name, '--image', image, '-w', file, '--', 'udp port 7777'];
      const capture = traced(args, { onTestFinished });
      await capture.reports('capturing');
      await burst(pod.name, sink, 10);
      expect(await eventually(async () => (await packetsIn(file)) === 10)).toBe(true);
      capture.child.kill('SIGSTOP');
      const ring = await watchRing(pod.name);
      await burst(pod.name, sink, 20_000);
      await ring.turned();
      capture.child.kill('SIGCONT');
      await capture.reports('gap');
      await burst(pod.name, sink, 10);
      capture.child.kill('SIGINT');
      const { code, stderr } = await capture.finished;
      expect(code, stderr).toBe(0);
      expect(capture.reported().notices).toContain('gap');
      expect(stderr).toMatch(/GAPs?\b.* \d+ files? .*[\d.]+ .?B\b/);
      const count = await packetsIn(file);
      expect(count).toBeGreaterThan(1000);
      expect(count).toBeLessThan(20_000);
    },
  );

  it.concurrent('ends with a message after SIGSTOP for longer than the recorder lingers', async ({
    onTestFinished,
  }) => {
    const { capture, file, pod } = await chatterCapture(
      { kubeconfig: world.kubeconfig, image: world.flavours[0]?.image ?? '' },
      onTestFinished,
      ['--linger', '3s'],
    );
    await holds(file, 10);
    const recorder = await watchRecorder(pod, onTestFinished);
    capture.child.kill('SIGSTOP');
    await recorder.secondsToItsEnd();
    expect(await leftWorking(pod)).toEqual([]);
    capture.child.kill('SIGCONT');
    const { code, stderr } = await capture.finished;
    expect(code, stderr).toBe(1);
    expect(capture.reported().kinds, stderr).toEqual(['lost']);
    // How long the pod has not heard from the client: it is not just that the spool has disappeared.
    expect(stderr).toMatch(/^error: .*\b\d+ s\b/m);
    await expectEverySequenceNumber(file, 10);
  });

  it.concurrent('ends at once on the second Ctrl-C, with whole packets, and leaves nothing', async ({
    onTestFinished,
  }) => {
    const { capture, file, proxy, pod } = await chatterCapture(
      { kubeconfig: world.kubeconfig, image: world.flavours[0]?.image ?? '' },
      onTestFinished,
      // The second Ctrl-C comes before the pod has noticed the first, so the recorder may end only after this time.
      ['--linger', '3s'],
    );
    // Otherwise the command could end before the second Ctrl-C.
    proxy.hold();
    capture.child.kill('SIGINT');
    while (!hasTakenInterrupt(capture.child)) await nextTurn();
    capture.child.kill('SIGINT');
    const { code, stderr } = await capture.finished;
    proxy.release();
    expect(code, stderr).toBe(130);
    expect(capture.reported().notices.at(-1)).toBe('abandoned');
    await expectEverySequenceNumber(file, 1);
    expect(await leftWorking(pod)).toEqual([]);
  });
});

describe('a capture without a spool', () => {
  it.concurrent.for([
    { way: 'where the pod has no room for one', limit: '8Mi', flags: [], notices: ['no-spool'] },
    { way: 'when asked to', limit: '1Gi', flags: ['--stream'], notices: [] },
  ])('$way streams directly', async ({ limit, flags, notices }, context) => {
    const pod = await runPod('direct', {
      command: CHATTER,
      env: { TO: sink },
      container: storageLimit(limit),
    });
    const file = freshPath('direct.pcap');
    const image = world.flavours[0]?.image ?? '';
    const args = ['capture', pod.name, '--image', image, '-w', file, ...flags, '--', 'udp port 9'];
    const capture = traced(args, { onTestFinished: context.onTestFinished });
    await capture.reports('capturing');
    await holds(file, 10);
    expect(await inDebugger(pod.name, 'ls /')).not.toContain('netdebug-');
    capture.child.kill('SIGINT');
    const { code, stderr } = await capture.finished;
    expect(code, stderr).toBe(0);
    const reported = capture.reported().notices.filter((kind) => kind !== 'waiting');
    expect(reported).toEqual([...notices, 'capturing']);
    await expectEverySequenceNumber(file, 10);
  });
});

describe('a failing server', () => {
  it.concurrent.for(paired([{}]))(
    'over $protocol, $flavour image, that cuts every stream after 300 kB loses no packets',
    async ({ protocol, flavour, faulty, image }, { onTestFinished }) => {
      const namespace = await namespaceFor(`cuts-${protocol}-${flavour}`);
      const inNamespace = (...args: string[]) => kubectl(['-n', namespace, ...args]);
      await inNamespace(
        ...['run', 'web', '--image', world.appImage, '--image-pull-policy=IfNotPresent'],
      );
      await inNamespace('wait', '--for=condition=Ready', 'pod/web', '--timeout=60s');
      const cut = 'netdebug.test/disconnect-after=300000';
      await kubectl(['annotate', 'namespace', namespace, cut]);
      const file = freshPath('cuts.pcap');
      const args = ['capture', 'web', '-n', namespace, '--image', image, '-w', file];
      const capture = traced([...args, '--', 'udp port 7777'], {
        env: { KUBECONFIG: faulty },
        onTestFinished,
      });
      await capture.reports('capturing');
      await burst('web', sink, 1000, namespace);
      const arrived = async () => (await packetsIn(file)) === 1000;
      expect(await eventually(arrived), capture.stderr()).toBe(true);
      capture.child.kill('SIGINT');
      const { code, stderr } = await capture.finished;
      expect(code, stderr).toBe(0);
      expect(stderr).toMatch(/^1,000 packets .*\b[3-9] interruptions\b/m);
      const { notices } = capture.reported();
      const resumed = notices.filter((kind) => kind === 'resumed');
      expect(resumed.length).toBeGreaterThan(2);
      expect(notices).not.toContain('gap');
    },
  );
});

/** A running capture of a pod that sends numbered datagrams. Some of them have arrived. */
async function chatterCapture(
  { kubeconfig, image }: { kubeconfig: string; image: string },
  onTestFinished: AtEnd,
  flags: readonly string[] = [],
) {
  const pod = await runPod('follow', { command: CHATTER, env: { TO: sink } });
  const proxy = await proxyTo(kubeconfig, onTestFinished);
  const file = freshPath('follow.pcap');
  const args = ['capture', pod.name, '--image', image, '-w', file, ...flags, '--', 'udp port 9'];
  const capture = traced(args, { env: { KUBECONFIG: proxy.kubeconfig }, onTestFinished });
  await capture.reports('capturing');
  const some = () => existsSync(file) && statSync(file).size > 24;
  expect(await eventually(some), capture.stderr()).toBe(true);
  return { capture, file, proxy, pod: pod.name };
}

/** Waits until a capture that is being written has the given number of packets. */
async function holds(file: string, packets: number): Promise<void> {
  const enough = async () => existsSync(file) && (await packetsIn(file)) >= packets;
  expect(await eventually(enough), `${packets} packets in ${file}`).toBe(true);
}

/** Whether a process has been notified of the SIGINT that was sent to it: it is not pending any more. */
function hasTakenInterrupt({ pid }: Running['child']): boolean {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const pending = Number.parseInt(/^ShdPnd:\s*([\da-f]+)/m.exec(status)?.[1] ?? '', 16);
  return (pending & (1 << (constants.signals.SIGINT - 1))) === 0;
}

/**
 * The commands of clients in a debugger. They end when their client has been silent too long, while a recorder, which
 * belongs to the main process, continues.
 */
function followers(all: readonly Process[]): readonly Process[] {
  return all.filter(({ pid, parent }) => pid !== 1 && parent === 0);
}

function storageLimit(limit: string) {
  return { resources: { limits: { 'ephemeral-storage': limit } } };
}

/** Sends datagrams of 1400 bytes from a pod, no faster than the kernel accepts them. */
async function burst(pod: string, to: string, count: number, namespace = world.namespace) {
  // Uses a new socket for each datagram: a socket that received an ICMP error would fail now and then.
  const script = `payload=$(printf '%01400d' 7)
    for ((i = 0; i < $2; i++)); do printf %s "$payload" >"/dev/udp/$1/7777"; done`;
  await kubectl([
    ...['-n', namespace, 'exec', pod, '--', 'bash', '-c', script, 'bash', to, String(count)],
  ]);
}

async function inDebugger(pod: string, script: string): Promise<string> {
  return kubectl(['exec', pod, '-c', 'netdebug-network', '--', 'sh', '-c', script]);
}

/** The number of packets in a file, as counted by tcpdump. -1 if it cannot be read to its end. */
async function packetsIn(file: string): Promise<number> {
  if (!existsSync(file)) return 0;
  const copy = freshPath('copy.pcap');
  writeFileSync(copy, readFileSync(file));
  const { code, stdout } = await run('tcpdump', ['-n', '-r', copy]);
  return code === 0 ? stdout.split('\n').filter(Boolean).length : -1;
}

/** The numbers in the file are complete: each is one more than the previous one. */
async function expectEverySequenceNumber(file: string, least: number): Promise<void> {
  const read = await run('tcpdump', ['-n', '-A', '-r', file]);
  expect(read.code, read.stderr).toBe(0);
  expect(read.stderr).not.toMatch(/truncated/);
  const numbers = [...read.stdout.matchAll(/seq-(\d{6})/g)].map(([, digits]) => Number(digits));
  expectNoGap(numbers);
  expect(numbers.length).toBeGreaterThanOrEqual(least);
}
