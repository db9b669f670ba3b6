import { spawn } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { devNull, tmpdir } from 'node:os';
import { join } from 'node:path';
import { findClients } from './clients.ts';
import { megabytes } from './figures.ts';
import { interleave } from './interleave.ts';
import { writeTraffic } from './madeTraffic.ts';
import { realTraffic } from './realTraffic.ts';
import { record } from './results.ts';

const REAL_BYTES = 6_000_000;
const SMALL = { packets: 1_000_000, payload: 30, connections: 1_000, packetsEach: 20 };

/**
 * Prints a line per packet of the same captures as tshark, into nothing and into a file, without a cluster. The real
 * packets come from ../shared/captures beside the checkout, if it exists.
 */
export async function benchRead(rounds: number): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'netdebug-bench-'));
  try {
    const reader = [findClients('').netdebug, 'read'];
    const path = join(folder, 'traffic.pcap');
    writeTraffic(path, SMALL);
    await compare('1 M small packets', path, reader, rounds);
    const real = realTraffic(REAL_BYTES);
    if (!real) {
      console.log('  real packets: skipped: no captures folder');
      return;
    }
    writeFileSync(path, real);
    await compare('real packets of many protocols', path, reader, rounds);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function compare(
  name: string,
  path: string,
  reader: readonly string[],
  rounds: number,
): Promise<void> {
  const size = megabytes(statSync(path).size);
  for (const [where, output] of [
    ['to nowhere', devNull],
    ['to a file', `${path}.txt`],
  ] as const) {
    const [ours = [], theirs = []] = await interleave(rounds, [
      () => run([...reader, path], output),
      () => run(['tshark', '-r', path], output),
    ]);
    record({
      group: 'Read: a line per packet',
      name: `${name} (${size}), ${where}`,
      against: 'tshark -r FILE',
      unit: 'ms',
      ours,
      theirs,
      goal: { most: 1 },
    });
  }
}

/** Milliseconds for a program whose standard output is a file. */
async function run([program = '', ...argv]: readonly string[], output: string): Promise<number> {
  const file = openSync(output, 'w');
  try {
    const startTime = performance.now();
    const child = spawn(program, argv, { stdio: ['ignore', file, 'ignore'] });
    const code = await new Promise<number | null>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', resolve);
    });
    if (code !== 0) throw new Error(`${program} ended with ${code}`);
    return performance.now() - startTime;
  } finally {
    closeSync(file);
  }
}
