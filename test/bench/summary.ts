import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bundled } from './bundled.ts';
import { megabytes } from './figures.ts';
import { type Traffic, writeTraffic } from './madeTraffic.ts';
import { startPeakMemory } from './peakMemory.ts';
import { record } from './results.ts';

const MEMORY_LIMIT = 250e6;
/** Three times as fast as tshark. */
const TIME_LIMIT = 0.33;

type Shape = readonly [name: string, traffic: Traffic];

const SHAPES: readonly Shape[] = [
  ['1 M small packets', { packets: 1_000_000, payload: 30, connections: 1_000, packetsEach: 20 }],
  [
    '0.3 M large packets',
    { packets: 300_000, payload: 1_400, connections: 1_000, packetsEach: 100 },
  ],
];
/** A gigabyte each. */
const LARGE_SHAPES: readonly Shape[] = [
  [
    '1 GB of 1 M large packets',
    { packets: 1_000_000, payload: 1_400, connections: 1_000, packetsEach: 100 },
  ],
  [
    '1 GB of 10 M small packets',
    { packets: 10_000_000, payload: 40, connections: 1_000, packetsEach: 20 },
  ],
];

/** Summarizes the same captures as tshark, without a cluster. */
export async function benchSummary(rounds: number, isLarge = false): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'netdebug-bench-'));
  try {
    const ours = await bundled('summaryReader', folder);
    for (const [name, traffic] of isLarge ? LARGE_SHAPES : SHAPES) {
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
  const group = 'Summary';
  const of = `${name} (${megabytes(statSync(path).size)})`;
  record({
    group,
    name: `${of}: time`,
    against: 'tshark -n -q -z conv,tcp',
    unit: 'ms',
    ours: ours.map(({ elapsed }) => elapsed),
    theirs: theirs.map(({ elapsed }) => elapsed),
    goal: { most: TIME_LIMIT },
  });
  record({
    group,
    name: `${of}: memory`,
    unit: 'bytes',
    ours: ours.map(({ bytes }) => bytes),
    goal: { most: MEMORY_LIMIT },
  });
  record({
    group,
    name: `${of}: memory of tshark`,
    unit: 'bytes',
    ours: theirs.map(({ bytes }) => bytes),
  });
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
