import { existsSync } from 'node:fs';
import { expect } from 'vitest';
import { eventually, run } from './process.ts';

/**
 * The number of packets in a file that may still be written, as counted by tcpdump. A packet that is not complete yet
 * is not counted.
 */
export async function packetsSoFar(file: string, filter: string): Promise<number> {
  if (!existsSync(file)) return 0;
  const { stdout } = await run('tcpdump', ['-nn', '-r', file, filter]);
  return stdout.split('\n').filter(Boolean).length;
}

/** Waits until a capture that is being written has at least the given number of packets. */
export async function holdsPackets(file: string, least: number, filter = ''): Promise<void> {
  const enough = async () => (await packetsSoFar(file, filter)) >= least;
  expect(await eventually(enough), `${least} packets in ${file}`).toBe(true);
}

/** With a filter, a capture may have this many packets before its only gap. */
const MAX_BEFORE_FILTER = 5;

/**
 * Checks that each number of the datagrams of a capture with a filter is one more than the previous one. A gap after
 * the very first datagrams is accepted: libpcap keeps packets that arrive before it sets the filter, and discards those
 * that arrive while it sets it (set_kernel_filter in pcap-linux.c). That takes long only on a busy machine.
 */
export function expectNoGap(numbers: readonly number[]): void {
  const gap = numbers.findIndex(
    (number, index) => index > 0 && number > (numbers[index - 1] ?? 0) + 1,
  );
  const since = gap > 0 && gap <= MAX_BEFORE_FILTER ? gap : 0;
  const [first = 0] = numbers.slice(since);
  expect(numbers.slice(since)).toEqual(numbers.slice(since).map((_, index) => first + index));
}
