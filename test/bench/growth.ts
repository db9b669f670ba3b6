import { execFileSync, spawn } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bundled } from './bundled.ts';
import { atMost, figure, heading, megabytes, milliseconds } from './figures.ts';
import type { Traffic } from './madeTraffic.ts';
import { startPeakMemory } from './peakMemory.ts';

const MEMORY_LIMIT = 250e6;

/** Connections of one packet each: nothing can be forgotten before it is new. */
const DISTINCT = { payload: 30, connections: 1_000, packetsEach: 1 };
const LARGE = { payload: 1_400, connections: 1_000, packetsEach: 100 };

/** Summarizes ever larger captures through a pipe, so that none fills the disk: time and memory. */
export async function benchGrowth(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'netdebug-bench-'));
  try {
    heading('summary of growing captures, through a pipe');
    const reader = await bundled('summaryReader', folder);
    const writer = await bundled('trafficPipe', folder);
    const shapes: readonly (readonly [string, Traffic])[] = [
      ['100,000 distinct 5-tuples', { packets: 100_000, ...DISTINCT }],
      ['1 M distinct 5-tuples', { packets: 1_000_000, ...DISTINCT }],
      ['10 M distinct 5-tuples', { packets: 10_000_000, ...DISTINCT }],
      ['0.1 GB of large packets', { packets: 100_000, ...LARGE }],
      ['1 GB of large packets', { packets: 1_000_000, ...LARGE }],
      ['10 GB of large packets', { packets: 10_000_000, ...LARGE }],
    ];
    for (const [name, traffic] of shapes) await measure(name, traffic, folder, writer, reader);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function measure(
  name: string,
  traffic: Traffic,
  folder: string,
  [program = '', ...args]: readonly string[],
  [reader = '', ...readerArgs]: readonly string[],
): Promise<void> {
  const started = performance.now();
  // A pipe of Node's would be a socket, which cannot be written to without waiting for it.
  const pipe = join(folder, 'pipe');
  execFileSync('mkfifo', [pipe]);
  spawn(program, [...args, pipe, JSON.stringify(traffic)], { stdio: 'inherit' });
  const input = openSync(pipe, 'r');
  const reading = spawn(reader, [...readerArgs, '-'], { stdio: [input, 'ignore', 'inherit'] });
  closeSync(input);
  rmSync(pipe);
  const memory = startPeakMemory(reading.pid ?? 0);
  const code = await new Promise((resolve) => reading.on('close', resolve));
  const peak = memory.stop();
  if (code !== 0) throw new Error(`${name}: ended with ${code}`);
  const time = milliseconds(performance.now() - started);
  figure(name, `${time}, ${megabytes(peak)}`, atMost(peak, MEMORY_LIMIT, megabytes(MEMORY_LIMIT)));
}
