import { existsSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { paired } from './support/combinations.ts';
import { traced } from './support/failure.ts';
import { CHATTER, runPod } from './support/pods.ts';
import { eventually, type Running, run } from './support/process.ts';
import { leftWorking, working } from './support/processes.ts';
import { type FaultyProxy, proxyTo } from './support/proxy.ts';
import { watchRecorder } from './support/recorders.ts';
import { freshPath, kubectl, namespaced, PROGRAM, world } from './support/world.ts';

interface End {
  readonly how: string;
  readonly end: (capture: Running, proxy: FaultyProxy) => void;
  /** Whether the pod is not notified, so that it only ends when heartbeats have been missing for 12 s. */
  readonly isSilent?: true;
  /** The client's exit code, if it can still return one. */
  readonly code?: number;
}

/**
 * Seconds, as counted in the pod, until the recorder has ended. HEARD_S is shorter than the limit for missing
 * heartbeats, SILENT_S a little longer. The lease counts in the same way, so both are slow on a slow machine.
 */
const HEARD_S = 10;
const SILENT_S = 22;

/**
 * However a client ends, only the debugger's main process keeps running in the pod, and the client's file can be read
 * to the last packet.
 */
const DIRECT: readonly End[] = [
  { how: 'SIGINT', end: ({ child }) => child.kill('SIGINT'), code: 0 },
  { how: 'SIGTERM', end: ({ child }) => child.kill('SIGTERM'), code: 0 },
  { how: 'SIGHUP', end: ({ child }) => child.kill('SIGHUP'), code: 0 },
  { how: 'SIGKILL', end: ({ child }) => child.kill('SIGKILL') },
  { how: 'a connection cut with FIN', end: (_, proxy) => proxy.fin(), code: 1 },
  { how: 'a connection cut with RST', end: (_, proxy) => proxy.reset(), code: 1 },
  { how: 'SIGSTOP', end: ({ child }) => child.kill('SIGSTOP'), isSilent: true },
  { how: 'a link that swallows everything', end: (_, proxy) => proxy.blackhole(), isSilent: true },
];

/** A recorder continues for its linger time when its client is gone. Then nothing is left. */
const LINGER_MS = 3000;
const SPOOLED: readonly End[] = [
  // The rest is fetched and the spool removed before the client ends.
  { how: 'SIGINT', end: ({ child }) => child.kill('SIGINT'), code: 0 },
  { how: 'SIGKILL', end: ({ child }) => child.kill('SIGKILL') },
  { how: 'SIGSTOP', end: ({ child }) => child.kill('SIGSTOP'), isSilent: true },
  {
    how: 'a link that swallows everything',
    end: (_, proxy) => proxy.blackhole(),
    isSilent: true,
  },
];

const WAYS = [
  { way: 'streamed directly', flags: ['--stream'], ends: DIRECT },
  { way: 'by way of a spool', flags: ['--linger', `${LINGER_MS / 1000}s`], ends: SPOOLED },
];

let sink: string;
beforeAll(async () => {
  sink = (await runPod('sink', { node: 1 })).ip;
});

/** All cases at the same time. Those that take longest come first. */
const CASES = paired(
  WAYS.flatMap(({ ends, ...way }) => ends.map((end) => ({ ...way, ...end }))),
).sort((a, b) => Number(b.isSilent ?? false) - Number(a.isSilent ?? false));

describe('a capture', () => {
  it.concurrent.for(CASES)(
    '$way over $protocol, $flavour image, ended by $how',
    async ({ kubeconfig, image, flags, end, isSilent, code }, { onTestFinished }) => {
      const pod = await runPod('ends', { command: CHATTER, env: { TO: sink } });
      const proxy = await proxyTo(kubeconfig, onTestFinished);
      const file = freshPath('ends.pcap');
      const capture = traced(['capture', pod.name, '--image', image, '-w', file, ...flags], {
        env: { KUBECONFIG: proxy.kubeconfig },
        onTestFinished,
      });
      await capture.reports('capturing');
      expect(await eventually(() => existsSync(file))).toBe(true);
      expect(await working(pod.name)).not.toEqual([]);

      const recorder = await watchRecorder(pod.name, onTestFinished);
      end(capture, proxy);
      const seconds = await recorder.secondsToItsEnd();
      expect(seconds).toBeLessThan(isSilent ? SILENT_S : HEARD_S);
      expect(await leftWorking(pod.name)).toEqual([]);
      if (code !== undefined) expect((await capture.finished).code).toBe(code);
      await expectWholeFile(file);
    },
  );
});

describe('a capture whose output is closed', () => {
  it.each(['', '-w -'])('capture %s | head', async (flags) => {
    const pod = await runPod('head', { command: CHATTER, env: { TO: sink } });
    const script = `pod=$1 image=$2; shift 2; "$@" capture "$pod" --image "$image" ${flags} | head -c 300 >/dev/null; echo "\${PIPESTATUS[0]}"`;
    const image = world.flavours[0]?.image ?? '';
    const result = await run('bash', ['-c', script, 'sh', pod.name, image, ...PROGRAM], {
      env: { KUBECONFIG: namespaced(world.kubeconfig) },
    });
    expect(result.stdout.trim(), result.stderr).toBe('0');
    expect(await leftWorking(pod.name)).toEqual([]);
  });
});

describe('a capture and its target', () => {
  it('continues when the target container restarts', async () => {
    const [shell = '', flag = '', chatter = ''] = CHATTER;
    const pod = await runPod('restarts', {
      command: [shell, flag, `trap "exit 1" TERM; ${chatter}`],
      env: { TO: sink },
    });
    const file = freshPath('restarts.pcap');
    const image = world.flavours[0]?.image ?? '';
    const capture = traced(['capture', pod.name, '-w', file, '--image', image]);
    await capture.reports('capturing');
    // The command may be killed together with the container that it ends.
    await kubectl(['exec', pod.name, '-c', 'main', '--', 'bash', '-c', 'kill 1']).catch(() => {});
    const restarts = '{.status.containerStatuses[0].restartCount}';
    const restarted = async () =>
      (await kubectl(['get', 'pod', pod.name, '-o', `jsonpath=${restarts}`])) === '1';
    expect(await eventually(restarted)).toBe(true);
    // The counter of the chatter starts again with the restarted container.
    const isReported = async () => {
      const { stdout } = await run('tcpdump', ['-r', file, '-n', '-A', 'udp port 9']);
      return stdout.includes('seq-000001');
    };
    expect(await eventually(isReported)).toBe(true);
    capture.child.kill('SIGINT');
    const { code, stderr } = await capture.finished;
    expect(code, stderr).toBe(0);
    await expectWholeFile(file);
  });
});

/** tcpdump reads the file to its end without an error. */
async function expectWholeFile(file: string): Promise<void> {
  const read = await run('tcpdump', ['-r', file, '-n']);
  expect(read.code, read.stderr).toBe(0);
  expect(read.stderr).not.toMatch(/truncated|error/i);
}
