import { existsSync } from 'node:fs';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { paired } from './support/combinations.ts';
import { failure, traced } from './support/failure.ts';
import { expectNoGap, holdsPackets } from './support/packets.ts';
import { CHATTER, podName, runPod } from './support/pods.ts';
import { eventually, run } from './support/process.ts';
import { leftWorking, processes } from './support/processes.ts';
import { needs } from './support/skips.ts';
import { type AtEnd, freshPath, kubectl, namespaced, world } from './support/world.ts';

/**
 * Images whose tools hang (test/cluster/images/hungTools.ts), longer than a test may take: a command that waited for them
 * would not end.
 */
const CASES = paired([{}]);
const CAPTURES = paired([
  { what: 'capture -w', flags: ['-w', 'FILE'] },
  { what: 'capture -w --stream', flags: ['-w', 'FILE', '--stream'] },
  { what: 'capture', flags: [] },
]);

let sink: string;
beforeAll(async () => {
  sink = (await runPod('sink', { node: 1 })).ip;
});

function faulty(flavour: string, fault: string): string {
  return `registry.local/${flavour}-${fault}:1`;
}

async function chatter(): Promise<string> {
  return (await runPod('hung', { command: CHATTER, env: { TO: sink } })).name;
}

function command(kubeconfig: string, args: readonly string[], onTestFinished: AtEnd) {
  return traced(args, { env: { KUBECONFIG: namespaced(kubeconfig) }, onTestFinished });
}

async function expectNothingLeft(pod: string, container?: string): Promise<void> {
  expect(await leftWorking(pod, container)).toEqual([]);
}

async function packetsIn(file: string): Promise<number> {
  const read = await run('tcpdump', ['-r', file, '-n', 'udp port 9']);
  expect(read.code, read.stderr).toBe(0);
  return read.stdout.trim().split('\n').length;
}

async function sequenceNumbers(file: string): Promise<number[]> {
  const read = await run('tcpdump', ['-r', file, '-n', '-A', 'udp dst port 9']);
  expect(read.code, read.stderr).toBe(0);
  const numbers = [...read.stdout.matchAll(/seq-(\d{6})/g)].map(([, digits]) => Number(digits));
  expect(numbers).not.toEqual([]);
  return numbers;
}

describe('an image', () => {
  beforeEach((test) => needs(test, 'images that lack tools'));

  it.concurrent.for(CASES)(
    'whose dumpcap prints nothing and ignores TERM: tcpdump captures, and neither is left: $flavour over $protocol',
    async ({ kubeconfig, flavour }, { expect, onTestFinished }) => {
      const pod = await chatter();
      const file = freshPath('hung.pcap');
      const args = ['capture', pod, '-w', file, '--image', faulty(flavour, 'hung-dumpcap')];
      const capture = command(kubeconfig, args, onTestFinished);
      await capture.traces('slow start');
      await capture.reports('capturing');
      await holdsPackets(file, 21, 'udp port 9');
      capture.child.kill('SIGINT');
      const { code, stderr } = await capture.finished;
      expect(code, stderr).toBe(0);
      expect(capture.reported().notices).not.toContain('connection-lost');
      expect(stderr).toMatch(/\beth0\b.*\btcpdump\b/);
      expect(await packetsIn(file)).toBeGreaterThan(20);
      await expectNothingLeft(pod);
    },
  );

  it.concurrent.for(CAPTURES)(
    'whose tools all hang: $what ends at one Ctrl-C: $flavour over $protocol',
    async ({ kubeconfig, flavour, flags }, { expect, onTestFinished }) => {
      const pod = await chatter();
      const file = freshPath('hung.pcap');
      const own = flags.map((flag) => (flag === 'FILE' ? file : flag));
      const args = ['capture', pod, '--image', faulty(flavour, 'hung-tools'), ...own];
      const capture = command(kubeconfig, args, onTestFinished);
      await capture.traces('slow start');
      const hung = async () => (await processes(pod, 'netdebug-network')).length > 2;
      expect(await eventually(hung)).toBe(true);
      capture.child.kill('SIGINT');
      const { code, stderr } = await capture.finished;
      expect([0, 130], stderr).toContain(code);
      expect(existsSync(file)).toBe(false);
      await expectNothingLeft(pod);
    },
  );

  it.concurrent.for(CAPTURES)(
    'whose tools all hang: --duration bounds $what: $flavour over $protocol',
    async ({ kubeconfig, flavour, flags }, { expect, onTestFinished }) => {
      const pod = await chatter();
      const own = flags.map((flag) => (flag === 'FILE' ? freshPath('hung.pcap') : flag));
      const image = faulty(flavour, 'hung-tools');
      const args = ['capture', pod, '--image', image, '--duration', '2s', ...own];
      const env = { KUBECONFIG: namespaced(kubeconfig) };
      const { code, stderr, kinds } = await failure(args, { env, onTestFinished });
      // It recorded nothing: that is no success.
      expect(code, stderr).toBe(1);
      expect([['not-started'], ['recorder']], stderr).toContainEqual(kinds);
      await expectNothingLeft(pod);
    },
  );

  it.concurrent.for(CASES)(
    'that prints without an end: --duration and Ctrl-C end the text: $flavour over $protocol',
    async ({ kubeconfig, flavour }, { expect, onTestFinished }) => {
      const pod = await chatter();
      const args = ['capture', pod, '--image', faulty(flavour, 'endless-tools')];
      const bounded = await command(kubeconfig, [...args, '--duration', '2s'], onTestFinished)
        .finished;
      // Over v4 a runtime may end the stream of a killed program without its status.
      expect([0, 1, 130], bounded.stderr).toContain(bounded.code);
      const endless = command(kubeconfig, args, onTestFinished);
      await endless.says(/7777|0000/);
      endless.child.kill('SIGINT');
      const { code, stderr } = await endless.finished;
      expect([0, 130], stderr).toContain(code);
      await expectNothingLeft(pod);
    },
  );

  it.concurrent.for(CASES)(
    'whose tcpdump is a script that hides its messages: packets arrive, and --duration ends it: $flavour over $protocol',
    async ({ kubeconfig, flavour }, { expect, onTestFinished }) => {
      const pod = await chatter();
      const file = freshPath('wrapped.pcap');
      const image = faulty(flavour, 'wrapped-tcpdump');
      const args = ['capture', pod, '-w', file, '--stream', '--duration', '5s', '--image', image];
      const { code, stderr } = await command(kubeconfig, args, onTestFinished).finished;
      expect([0, 130], stderr).toContain(code);
      expectNoGap(await sequenceNumbers(file));
      await expectNothingLeft(pod);
    },
  );

  it.concurrent.for(paired([{ fault: 'hung-tools' }, { fault: 'endless-tools' }]))(
    'with $fault: ports reports it, and reads the kernel’s tables: $flavour over $protocol',
    async ({ kubeconfig, flavour, fault }, { expect, onTestFinished }) => {
      const pod = await runPod('hung-ports');
      const image = faulty(flavour, fault);
      const ports = command(
        kubeconfig,
        ['ports', pod.name, '-l', '--image', image],
        onTestFinished,
      );
      const { code, stdout, stderr } = await ports.finished;
      expect(code, stderr).toBe(0);
      expect(ports.reported().notices).toContain('program-unusable');
      expect(stdout).toContain(':80');
      await expectNothingLeft(pod.name);
    },
  );

  it.concurrent.for(CASES)(
    'whose ss hangs: ports -p ends at one Ctrl-C, and leaves nothing in the target: $flavour over $protocol',
    async ({ kubeconfig, flavour }, { expect, onTestFinished }) => {
      const pod = await runPod('hung-p');
      const image = faulty(flavour, 'hung-tools');
      const args = ['ports', pod.name, '-lp', '--image', image];
      const ports = command(kubeconfig, args, onTestFinished);
      await ports.traces('slow start');
      const names = async () =>
        (await processes(pod.name, 'main')).filter(({ name }) => name !== 'nginx');
      ports.child.kill('SIGINT');
      const { code } = await ports.finished;
      expect(code).toBe(130);
      const left = async () => {
        const { stdout } = await run(
          world.kubectl,
          [
            ...['-n', world.namespace, 'exec', pod.name, '-c', 'main', '--'],
            ...['bash', '-c', 'cat /proc/[0-9]*/cmdline | tr "\\0" " "'],
          ],
          { env: { KUBECONFIG: world.kubeconfig } },
        );
        return stdout.includes('hung-tool');
      };
      expect(await eventually(async () => !(await left())), String(await names())).toBe(true);
    },
  );

  it.concurrent.for(['debian', 'busybox'])(
    'whose dumpcap hangs: a detached capture continues with tcpdump, and is removed completely: %s',
    async (flavour, { expect, onTestFinished }) => {
      const pod = await chatter();
      const name = podName('hung-detached');
      const image = faulty(flavour, 'hung-dumpcap');
      const args = ['capture', pod, '--detach', '--name', name, '--image', image];
      const started = await command(world.kubeconfig, args, onTestFinished).finished;
      expect(started.code, started.stderr).toBe(0);
      const container = `netdebug-capture-${name}`;
      expect((await processes(pod, container)).map((process) => process.name)).not.toContain(
        'dumpcap',
      );
      const removed = await command(world.kubeconfig, ['captures', 'rm', name], onTestFinished)
        .finished;
      expect(removed.code, removed.stderr).toBe(0);
      const state = `{.status.ephemeralContainerStatuses[?(@.name=="${container}")].state}`;
      expect(await kubectl(['get', 'pod', pod, '-o', `jsonpath=${state}`])).toContain('terminated');
    },
  );
});
