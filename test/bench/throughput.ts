import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bundled } from './bundled.ts';
import { type Clients, type CommandLine, type Run, run } from './clients.ts';
import {
  atLeast,
  atMost,
  figure,
  heading,
  mebibytesPerSecond,
  median,
  megabytes,
  spread,
} from './figures.ts';
import { interleave } from './interleave.ts';
import { deletePods, runPod } from './pods.ts';

const BYTES = 2 ** 30;
const GENERATE = ['head', '-c', String(BYTES), '/dev/zero'];
const MEMORY_GOAL = 120e6;

/** 1 GiB out of a pod: our exec layer against kubectl, and what both hold in memory meanwhile. */
export async function benchThroughput(clients: Clients, rounds: number): Promise<void> {
  const pod = 'bench-throughput';
  await runPod(clients, pod, { command: ['sleep', '3600'] });
  const folder = mkdtempSync(join(tmpdir(), 'netdebug-bench-'));
  const reader = await bundled('execReader', folder);
  const read = (stalled: boolean): CommandLine => [
    ...reader,
    ...[pod, 'main', String(BYTES), stalled ? 'stalled' : 'steady', ...GENERATE],
  ];
  const theirs: CommandLine = [clients.kubectl, 'exec', pod, '--', ...GENERATE];
  const [netdebug = [], kubectl = []] = await interleave(rounds, [
    () => run(clients, read(false)),
    () => run(clients, theirs),
  ]);
  const stalled = await run(clients, read(true));
  rmSync(folder, { recursive: true });

  const speeds = (runs: readonly Run[]) =>
    runs.map(({ milliseconds }) => (BYTES * 1000) / milliseconds);
  const peaks = (runs: readonly Run[]) => runs.map(({ peakMemory }) => peakMemory);
  const ratio = median(speeds(netdebug)) / median(speeds(kubectl));
  heading(`1 GiB through exec, ${rounds} rounds: median [least – most]`);
  figure('netdebug', spread(speeds(netdebug), mebibytesPerSecond));
  figure('kubectl', spread(speeds(kubectl), mebibytesPerSecond));
  figure('ratio of throughput', ratio.toFixed(2), atLeast(ratio, 1, '1'));
  const most = Math.max(...peaks(netdebug));
  figure(
    'peak memory, netdebug',
    spread(peaks(netdebug), megabytes),
    atMost(most, MEMORY_GOAL, '120 MB'),
  );
  figure(
    'peak memory, netdebug, reader stalled',
    megabytes(stalled.peakMemory),
    atMost(stalled.peakMemory, MEMORY_GOAL, '120 MB'),
  );
  figure('peak memory, kubectl', spread(peaks(kubectl), megabytes));
  await deletePods(clients, [pod]);
}
