import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startFaultProxy } from '../faults/proxy.ts';
import type { BenchCluster } from './benchCluster.ts';
import { bundled } from './bundled.ts';
import { type Clients, type CommandLine, type Run, run } from './clients.ts';
import { interleave } from './interleave.ts';
import { APP_IMAGE, DEBUGGER_IMAGE, deletePods, runPod } from './pods.ts';
import { realTraffic } from './realTraffic.ts';
import { record } from './results.ts';
import { serverCpu } from './serverCpu.ts';

const FILES = 10;
const MEGABYTES = 50;
const PACKET_BYTES = 10_000;
const BYTES = FILES * (24 + MEGABYTES * 1e6);
const SPOOL = '/tmp/spool';
const MEMORY = 200e6;
const MAKE_SPOOL = readFileSync(join(import.meta.dirname, 'makeSpool.sh'), 'utf8');

/** Words of 32 bits as in a little-endian pcap, in printf's octal notation. */
const octal = (...words: number[]) =>
  words
    .flatMap((word) => [word & 255, (word >> 8) & 255, (word >> 16) & 255, word >>> 24])
    .map((byte) => `\\${byte.toString(8).padStart(3, '0')}`)
    .join('');
const HEADER = octal(0xa1b2c3d4, 0x0004_0002, 0, 0, 262_144, 1);
const RECORD = octal(1_795_525_500, 1, PACKET_BYTES - 16, PACKET_BYTES - 16);

/** Images from which files are copied. The speed of their tools differs. */
const FLAVOURS = {
  debian: { image: APP_IMAGE, name: "Debian's tools" },
  busybox: { image: DEBUGGER_IMAGE, name: 'busybox' },
} as const;

/** Ten recorded files of 50 MB of noise from a pod: fetched and verified by netdebug, copied by kubectl. */
export async function benchFetch(
  clients: Clients,
  cluster: BenchCluster,
  rounds: number,
  flavour: keyof typeof FLAVOURS,
): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'netdebug-bench-'));
  const reader = await bundled('fetchReader', folder);
  const { image, name } = FLAVOURS[flavour];
  const pod = `bench-fetch-${flavour}`;
  await runPod(clients, pod, { command: ['sleep', '3600'], container: { image } });
  const words = [SPOOL, FILES, MEGABYTES, HEADER, RECORD, PACKET_BYTES - 16].map(String);
  const make = ['sh', '-c', MAKE_SPOOL, 'makeSpool', ...words];
  await run(clients, [clients.kubectl, 'exec', pod, '--', ...make]);
  const into = join(folder, 'out');
  const measured = (line: CommandLine) => () => measure(clients, cluster, pod, into, line);
  const [theirs = [], ours = []] = await interleave(rounds, [
    measured([clients.kubectl, 'cp', `${pod}:${SPOOL}/ring`, into]),
    measured([...reader, pod, 'main', SPOOL, into]),
  ]);
  report(`Fetch of 10 files of 50 MB on a fast link, ${name}`, theirs, ours);
  await deletePods(clients, [pod]);
  rmSync(folder, { recursive: true });
}

interface Measured extends Run {
  /** CPU time of the API server, the kubelets and the runtimes, in milliseconds. */
  readonly serverCpu: number;
  /** CPU time in the pod, in milliseconds. */
  readonly podCpu: number;
}

/** Runs a copy into an empty folder, and measures the CPU time at each end. */
async function measure(
  clients: Clients,
  { pid }: BenchCluster,
  pod: string,
  into: string,
  line: CommandLine,
): Promise<Measured> {
  rmSync(into, { recursive: true, force: true });
  const before = await podCpu(clients, pod);
  const serverBefore = serverCpu(pid);
  const done = await run(clients, line);
  const servers = serverCpu(pid) - serverBefore;
  return { ...done, serverCpu: servers, podCpu: (await podCpu(clients, pod)) - before };
}

/** CPU time that the containers of a pod have used, in milliseconds (cgroup v2). */
async function podCpu(clients: Clients, pod: string): Promise<number> {
  const read = 'cat /sys/fs/cgroup/cpu.stat /sys/fs/cgroup/cpuacct/cpuacct.usage 2>/dev/null; true';
  const line = [clients.kubectl, 'exec', pod, '--', 'sh', '-c', read] as const;
  const { stdout } = await run(clients, line, { keep: true });
  const microseconds = /^usage_usec (\d+)/m.exec(stdout)?.[1];
  return microseconds === undefined ? Number(stdout.trim()) / 1e6 : Number(microseconds) / 1e3;
}

function report(group: string, theirs: readonly Measured[], ours: readonly Measured[]): void {
  const speed = ({ milliseconds }: Run) => (BYTES * 1000) / milliseconds;
  const compared = (of: (run: Measured) => number) => ({
    ours: ours.map(of),
    theirs: theirs.map(of),
    against: 'kubectl cp',
  });
  const rate = { group, unit: 'bytes/s' } as const;
  record({ ...rate, name: 'speed', ...compared(speed), goal: { least: 1 } });
  const cpu = { group, unit: 'cpu-ms' } as const;
  record({ ...cpu, name: 'client', ...compared(({ cpuMilliseconds }) => cpuMilliseconds) });
  record({ ...cpu, name: 'servers', ...compared(({ serverCpu }) => serverCpu) });
  record({ ...cpu, name: 'pod', ...compared(({ podCpu }) => podCpu) });
  const memory = ours.map(({ peakMemory }) => peakMemory);
  record({ group, name: 'peak memory', unit: 'bytes', ours: memory, goal: { most: MEMORY } });
}

/** The speed of a slow link in bytes per second, and the size of the copy. */
const LINK = 5_000_000;
const SLOW_BYTES = 40_000_000;

/**
 * A file of real packets over a slow link: fetched by netdebug, copied by kubectl. The packets come from the captures
 * in ../shared/captures beside the checkout. Without them, nothing is measured.
 */
export async function benchSlowFetch(
  clients: Clients,
  cluster: BenchCluster,
  rounds: number,
): Promise<void> {
  const traffic = realTraffic(SLOW_BYTES);
  if (!traffic) {
    console.log('\nFetch on a slow link: skipped: no captures folder');
    return;
  }
  const folder = mkdtempSync(join(tmpdir(), 'netdebug-bench-'));
  const rules = join(folder, 'rules.json');
  writeFileSync(rules, JSON.stringify({ '*': { throttle: String(LINK) } }));
  const proxy = await startFaultProxy({ admin: cluster.kubeconfig, rules });
  try {
    const reader = await bundled('fetchReader', folder);
    const pod = 'bench-slow-fetch';
    await runPod(clients, pod, { command: ['sleep', '3600'], container: { image: APP_IMAGE } });
    const words = [SPOOL, 0, 0, HEADER, RECORD, 1].map(String);
    const exec = [clients.kubectl, 'exec', pod, '--'] as const;
    await run(clients, [...exec, 'sh', '-c', MAKE_SPOOL, 'makeSpool', ...words]);
    const file = join(folder, 'traffic.pcap');
    writeFileSync(file, traffic);
    const there = `${SPOOL}/ring/d_00001_20261124130500.pcap`;
    await run(clients, [clients.kubectl, 'cp', file, `${pod}:${there}`]);
    const slow = { ...clients, kubeconfig: await proxy.kubeconfig(cluster.kubeconfig) };
    const into = join(folder, 'out');
    const fresh = (line: CommandLine) => async () => {
      rmSync(into, { recursive: true, force: true });
      return (await run(slow, line)).milliseconds;
    };
    const [theirs = [], ours = []] = await interleave(rounds, [
      fresh([clients.kubectl, 'cp', `${pod}:${SPOOL}/ring`, into]),
      fresh([...reader, pod, 'main', SPOOL, into]),
    ]);
    const speeds = (times: readonly number[]) => times.map((ms) => (traffic.length * 1000) / ms);
    record({
      group: 'Fetch on a slow link',
      name: '40 MB of real packets at 5 MB/s',
      unit: 'bytes/s',
      ours: speeds(ours),
      theirs: speeds(theirs),
      against: 'kubectl cp',
      goal: { least: 2 },
    });
    await deletePods(clients, [pod]);
  } finally {
    await proxy.close();
    rmSync(folder, { recursive: true });
  }
}
