import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileOf } from './packets.ts';

function succeeds(program: string, args: readonly string[]): boolean {
  try {
    execFileSync(program, args, { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** Whether libpcap compiles the filter. */
export function acceptedByTcpdump(expression: string): boolean {
  return succeeds('tcpdump', ['-y', 'EN10MB', '-d', '--', expression]);
}

/** The display filters that tshark refuses: all are tried at once, and each one if that fails. */
export function refusedByTshark(filters: readonly string[]): string[] {
  const folder = mkdtempSync(join(tmpdir(), 'netdebug-filters-'));
  try {
    const file = join(folder, 'empty.pcap');
    writeFileSync(file, fileOf([], 1));
    const takes = (filter: string) => succeeds('tshark', ['-n', '-r', file, '-Y', filter]);
    if (takes(filters.map((filter) => `(${filter})`).join(' || '))) return [];
    return filters.filter((filter) => !takes(filter));
  } finally {
    rmSync(folder, { recursive: true });
  }
}
