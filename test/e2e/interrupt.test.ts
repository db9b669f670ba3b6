import { beforeAll, describe, it } from 'vitest';
import { paired } from './support/combinations.ts';
import { holdsPackets } from './support/packets.ts';
import { CHATTER, runPod } from './support/pods.ts';
import { eventually, type Running } from './support/process.ts';
import { needs } from './support/skips.ts';
import { expectStoppedClock, STOPPED_CLOCK } from './support/stoppedClock.ts';
import { freshPath, namespaced, netdebug, world } from './support/world.ts';

/** A command that runs until Ctrl-C. */
interface Case {
  readonly title: string;
  /** Its arguments. FILE is a new file. */
  readonly args: (pod: string) => readonly string[];
  /** Waits until it does what it is for. */
  readonly atWork: (running: Running, file: string) => Promise<void>;
  /** Whether it may report that it was interrupted before it started. */
  readonly starting?: true;
  /** Whether it uses a detached capture with the name of the pod. */
  readonly detached?: true;
}

const hasPackets = (_: Running, file: string) => holdsPackets(file, 5);
const prints = (pattern: RegExp) => (running: Running) => running.says(pattern);

const CASES: readonly Case[] = [
  { title: 'capture', args: (pod) => ['capture', pod], atWork: prints(/UDP, length 10/) },
  {
    title: 'capture -w',
    args: (pod) => ['capture', pod, '-w', 'FILE.pcap'],
    atWork: hasPackets,
  },
  {
    title: 'capture -w --stream',
    args: (pod) => ['capture', pod, '--stream', '-w', 'FILE.pcap'],
    atWork: hasPackets,
  },
  {
    title: 'capture -w of a node and a pod',
    args: (pod) => ['capture', pod, `node/${world.nodes[0]}`, '-w', 'FILE.pcapng'],
    atWork: prints(/capturing on[\s\S]*capturing on/),
  },
  {
    title: 'capture -w of a node and a pod, of which one has not started',
    args: (pod) => ['capture', pod, `node/${world.nodes[0]}`, '-w', 'FILE.pcapng'],
    atWork: prints(/capturing on/),
    starting: true,
  },
  {
    title: 'capture -w --via node',
    args: (pod) => ['capture', pod, '--via', 'node', '-w', 'FILE.pcap'],
    atWork: hasPackets,
  },
  {
    title: 'capture -C -W',
    args: (pod) => ['capture', pod, '-C', '1', '-W', '3', '-w', 'FILE'],
    atWork: prints(/recording on/),
  },
  {
    title: 'captures follow -w',
    args: (pod) => ['captures', 'follow', pod, '-w', 'FILE.pcap'],
    atWork: hasPackets,
    detached: true,
  },
  {
    title: 'ports --watch',
    args: (pod) => ['ports', pod, '--watch'],
    atWork: prints(/PROTO|no .*sockets/),
  },
];

let sink: string;
beforeAll(async () => {
  sink = (await runPod('sink', { node: 1 })).ip;
});

describe('one Ctrl-C', () => {
  it.concurrent.for(paired(CASES))(
    'ends $title over $protocol, $flavour image, at an event, not after a fixed time',
    async ({ kubeconfig, image, args, atWork, starting, detached }, context) => {
      const { expect, onTestFinished } = context;
      needs(context, 'netdebug on Node');
      const pod = await runPod('interrupt', { command: CHATTER, env: { TO: sink } });
      const KUBECONFIG = namespaced(kubeconfig);
      if (detached) {
        const words = ['capture', pod.name, '--detach', '--name', pod.name, '--image', image];
        const begun = await netdebug(words, { env: { KUBECONFIG }, onTestFinished }).finished;
        expect(begun.code, begun.stderr).toBe(0);
      }
      const base = freshPath('interrupt');
      const words = args(pod.name).map((word) => word.replace('FILE', base));
      const file = words.find((word) => word.startsWith(base)) ?? '';
      const running = netdebug([...words, ...(detached ? [] : ['--image', image])], {
        env: { KUBECONFIG, ...STOPPED_CLOCK },
        onTestFinished,
      });
      await atWork(running, file);
      running.child.kill('SIGINT');
      const hasEnded = () => running.child.exitCode !== null;
      expect(await eventually(hasEnded), running.stderr()).toBe(true);
      const finished = await running.finished;
      expect(starting ? [0, 130] : [0], finished.stderr).toContain(finished.code);
      expectStoppedClock(finished);
    },
  );
});
