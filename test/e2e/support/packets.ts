import { existsSync } from 'node:fs';
import { expect } from 'vitest';
import { eventually, run } from './process.ts';

/**
 * The number of packets in a file that may still be written, as counted by tcpdump. A packet that is not complete yet
 * is not counted.
 */
async function packetsSoFar(file: string, filter: string): Promise<number> {
  if (!existsSync(file)) return 0;
  const { stdout } = await run('tcpdump', ['-nn', '-r', file, filter]);
  return stdout.split('\n').filter(Boolean).length;
}

/** Waits until a capture that is being written has at least the given number of packets. */
export async function holdsPackets(file: string, least: number, filter = ''): Promise<void> {
  const enough = async () => (await packetsSoFar(file, filter)) >= least;
  expect(await eventually(enough), `${least} packets in ${file}`).toBe(true);
}
