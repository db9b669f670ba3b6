import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bundled } from './bundled.ts';
import {
  atLeast,
  atMost,
  figure,
  heading,
  median,
  megabytes,
  milliseconds,
  spread,
} from './figures.ts';
import { type Traffic, writeTraffic } from './madeTraffic.ts';
import { startPeakMemory } from './peakMemory.ts';

const MEMORY_LIMIT = 250e6;
const TIMES_AS_FAST = 3;

/** Summarizes the same captures as tshark does; it needs no cluster. */
export async function benchSummary(rounds: number): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'netdebug-bench-'));
  try {
    heading('summary of a capture, next to tshark -q -z conv,tcp');
    const ours = await bundled('summaryReader', folder);
    const shapes: readonly (readonly [string, Traffic])[] = [
      [
        '1 M small packets',
        { packets: 1_000_000, payload: 30, connections: 1_000, packetsEach: 20 },
      ],
      [
        '0.3 M large packets',
        { packets: 300_000, payload: 1_400, connections: 1_000, packetsEach: 100 },
      ],
    ];
    for (const [name, traffic] of shapes) {
      const path = join(folder, 'traffic.pcap');
      writeTraffic(path, traffic);
      await compare(name, path, [...ours, path], rounds);
      rmSync(path);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function compare(
  name: string,
  path: string,
  command: readonly string[],
  rounds: number,
): Promise<void> {
  const ours: Run[] = [];
  const theirs: Run[] = [];
  for (let round = 0; round < rounds; round++) {
    ours.push(await run(command));
    theirs.push(await run(['tshark', '-n', '-q', '-z', 'conv,tcp', '-r', path]));
  }
  const times = (runs: readonly Run[]) => runs.map(({ elapsed }) => elapsed);
  const memory = (runs: readonly Run[]) => Math.max(...runs.map(({ bytes }) => bytes));
  const size = megabytes(statSync(path).size);
  figure(
    `tshark, ${name} (${size})`,
    `${spread(times(theirs), milliseconds)}, ${megabytes(memory(theirs))}`,
  );
  const ratio = median(times(theirs)) / median(times(ours));
  const goal = atLeast(
    ratio,
    TIMES_AS_FAST,
    `${TIMES_AS_FAST} times as fast; is ${ratio.toFixed(1)}`,
  );
  figure(`ours, ${name}`, spread(times(ours), milliseconds), goal);
  const peak = memory(ours);
  figure('  memory', megabytes(peak), atMost(peak, MEMORY_LIMIT, megabytes(MEMORY_LIMIT)));
}

interface Run {
  readonly elapsed: number;
  readonly bytes: number;
}

async function run([program = '', ...argv]: readonly string[]): Promise<Run> {
  const started = performance.now();
  const child = spawn(program, argv, { stdio: ['ignore', 'ignore', 'ignore'] });
  const memory = startPeakMemory(child.pid ?? 0);
  const [code] = await new Promise<[number | null]>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (status) => resolve([status]));
  });
  const bytes = memory.stop();
  if (code !== 0) throw new Error(`${program} ended with ${code}`);
  return { elapsed: performance.now() - started, bytes };
}
