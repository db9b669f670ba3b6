import { execFileSync, spawn } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bundled } from './bundled.ts';
import type { Traffic } from './madeTraffic.ts';
import { startPeakMemory } from './peakMemory.ts';
import { record } from './results.ts';

const MEMORY_LIMIT = 250e6;

/** Connections of one packet each: every packet adds a new connection. */
const DISTINCT = { payload: 30, connections: 1_000, packetsEach: 1 };
const LARGE = { payload: 1_400, connections: 1_000, packetsEach: 100 };

/** Summarizes growing captures through a pipe, so that the disk does not fill up: time and memory. */
export async function benchGrowth(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'netdebug-bench-'));
  try {
    const reader = await bundled('summaryReader', folder);
    const writer = await bundled('trafficPipe', folder);
    const shapes: readonly (readonly [of: string, x: number, traffic: Traffic])[] = [
      ['distinct 5-tuples, in millions', 0.1, { packets: 100_000, ...DISTINCT }],
      ['distinct 5-tuples, in millions', 1, { packets: 1_000_000, ...DISTINCT }],
      ['distinct 5-tuples, in millions', 10, { packets: 10_000_000, ...DISTINCT }],
      ['large packets, in GB', 0.1, { packets: 75_000, ...LARGE }],
      ['large packets, in GB', 1, { packets: 750_000, ...LARGE }],
      ['large packets, in GB', 10, { packets: 7_500_000, ...LARGE }],
    ];
    for (const [of, x, traffic] of shapes) await measure([of, x], traffic, folder, writer, reader);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function measure(
  [of, x]: readonly [of: string, x: number],
  traffic: Traffic,
  folder: string,
  [program = '', ...args]: readonly string[],
  [reader = '', ...readerArgs]: readonly string[],
): Promise<void> {
  const started = performance.now();
  // A pipe of Node would be a socket, to which it is not possible to write synchronously.
  const pipe = join(folder, 'pipe');
  execFileSync('mkfifo', [pipe]);
  spawn(program, [...args, pipe, JSON.stringify(traffic)], { stdio: 'inherit' });
  const input = openSync(pipe, 'r');
  const reading = spawn(reader, [...readerArgs, '-'], { stdio: [input, 'ignore', 'inherit'] });
  closeSync(input);
  rmSync(pipe);
  const memory = startPeakMemory(reading.pid ?? 0);
  const code = await new Promise((resolve) => reading.on('close', resolve));
  const elapsed = performance.now() - started;
  const peak = memory.stop();
  if (code !== 0) throw new Error(`${x} ${of}: ended with ${code}`);
  const figure = { name: `captures of ${of}`, x, of } as const;
  record({
    ...figure,
    group: 'Summary of growing captures: memory',
    unit: 'bytes',
    ours: [peak],
    goal: { most: MEMORY_LIMIT },
  });
  record({
    ...figure,
    group: 'Summary of growing captures: time',
    unit: 'ms',
    ours: [elapsed],
  });
}
