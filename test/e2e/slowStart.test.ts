import { setTimeout as wait } from 'node:timers/promises';
import { beforeAll, describe, it } from 'vitest';
import { PROTOCOLS } from './support/combinations.ts';
import { stopShims } from './support/disturb.ts';
import { traced } from './support/failure.ts';
import { holdsPackets } from './support/packets.ts';
import { CHATTER, runPod } from './support/pods.ts';
import { run } from './support/process.ts';
import { leftWorking } from './support/processes.ts';
import { freshPath, namespaced, world } from './support/world.ts';

let sink: string;
beforeAll(async () => {
  sink = (await runPod('sink', { node: 1 })).ip;
});

/** In the local cluster, the runtime itself serves v4, while v5 does not pass the shim. */
const SHIM_CASES = world.flavours.flatMap((flavour) => [
  { ...flavour, seconds: 14 },
  { ...flavour, seconds: 95 },
]);

describe('a capture', () => {
  it.concurrent.for(SHIM_CASES)(
    'with the $name image whose pod starts nothing for $seconds s waits, and loses nothing',
    async ({ image, seconds }, { expect, onTestFinished }) => {
      const pod = await runPod('stopped', { command: CHATTER, env: { TO: sink } });
      const v4 = PROTOCOLS.find(({ protocol }) => protocol === 'v4')?.kubeconfig ?? '';
      const start = (args: readonly string[]) =>
        traced(args, { env: { KUBECONFIG: namespaced(v4) }, onTestFinished });
      // Creates the debugger.
      await start(['ports', pod.name, '--image', image]).finished;
      const resume = await stopShims(pod.name, onTestFinished);
      // The time is what is tested: the limits for a pod that starts nothing are shorter.
      const over = wait(seconds * 1000).then(resume);
      const file = freshPath('stopped.pcap');
      const capture = start(['capture', pod.name, '-w', file, '--image', image]);
      await capture.traces('slow start');
      await over;
      await capture.reports('capturing');
      await holdsPackets(file, 21, 'udp port 9');
      capture.child.kill('SIGINT');
      const { code, stderr } = await capture.finished;
      expect(code, stderr).toBe(0);
      const { kinds, notices } = capture.reported();
      expect(kinds).toEqual([]);
      expect(notices).not.toContain('connection-lost');
      const read = await run('tcpdump', ['-r', file, '-n', 'udp port 9']);
      expect(read.stdout.trim().split('\n').length).toBeGreaterThan(20);
      // Processes of earlier attempts do not remain for longer than they linger, either.
      expect(await leftWorking(pod.name)).toEqual([]);
    },
  );

  it.concurrent.for(world.flavours)(
    'with the $name image whose pod starts nothing ends on one Ctrl-C',
    async ({ image }, { expect, onTestFinished }) => {
      const pod = await runPod('stopped');
      const v4 = PROTOCOLS.find(({ protocol }) => protocol === 'v4')?.kubeconfig ?? '';
      const start = (args: readonly string[]) =>
        traced(args, { env: { KUBECONFIG: namespaced(v4) }, onTestFinished });
      await start(['ports', pod.name, '--image', image]).finished;
      const resume = await stopShims(pod.name, onTestFinished);
      for (const flags of [['-w', freshPath('none.pcap')], []]) {
        const capture = start(['capture', pod.name, '--image', image, ...flags]);
        await capture.traces('slow start');
        capture.child.kill('SIGINT');
        // Nothing in the pod runs before that.
        const { code } = await capture.finished;
        expect([0, 130]).toContain(code);
      }
      await resume();
    },
  );
});
