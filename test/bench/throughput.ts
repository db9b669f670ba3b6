import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bundled } from './bundled.ts';
import { type Clients, type CommandLine, type Run, run } from './clients.ts';
import { interleave } from './interleave.ts';
import { deletePods, runPod } from './pods.ts';
import { record } from './results.ts';

const BYTES = 2 ** 28;
const GENERATE = ['head', '-c', String(BYTES), '/dev/zero'];
const MEMORY_GOAL = 100e6;

/** Reads 256 MiB from a pod: the exec layer compared with kubectl, with the memory of both. */
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
  const stalled = [await run(clients, read(true))];
  rmSync(folder, { recursive: true });

  const of = (measure: (run: Run) => number) => ({
    ours: netdebug.map(measure),
    theirs: kubectl.map(measure),
  });
  const compared = { group: '256 MiB through exec', against: 'kubectl exec' };
  record({
    ...{ ...compared, name: 'throughput', unit: 'bytes/s', goal: { least: 1 } },
    ...of(({ milliseconds }) => (BYTES * 1000) / milliseconds),
  });
  record({
    ...{ ...compared, name: 'processor time', unit: 'cpu-ms', goal: { most: 1 } },
    ...of(({ cpuMilliseconds }) => cpuMilliseconds),
  });
  record({
    ...{ ...compared, name: 'peak memory', unit: 'bytes' },
    ...of(({ peakMemory }) => peakMemory),
  });
  for (const [name, runs] of [['steady', netdebug] as const, ['stalled', stalled] as const])
    record({
      ...{ group: compared.group, name: `peak memory, ${name} reader`, unit: 'bytes' },
      ...{ ours: runs.map(({ peakMemory }) => peakMemory), goal: { most: MEMORY_GOAL } },
    });
  await deletePods(clients, [pod]);
}
