import { stat } from 'node:fs/promises';
import { wrongUsage } from '../problem.ts';
import type { OutputFlags } from './captureOutput.ts';

/** The kind of output for packets. */
export type Destination = 'text' | 'one pcap' | 'one pcapng' | 'a folder';

/** Whether -w names a folder: an existing one, or a name that ends with a slash. */
export async function isFolderName(write: string | undefined): Promise<boolean> {
  if (write === undefined || write === '-') return false;
  if (/[/\\]$/.test(write)) return true;
  return (await stat(write).catch(() => undefined))?.isDirectory() === true;
}

/**
 * The destination of the output flags, if it is not a folder. A file for several targets is always pcapng, because a
 * classic pcap file cannot tell them apart. For one target, the name decides, as in Wireshark. Throws a Problem for
 * several targets and the name of a classic file.
 */
export function chooseDestination(
  { write, wireshark, summary }: OutputFlags,
  hasSeveralTargets: boolean,
): Destination {
  // A summary contains the names of pods, which only pcapng can hold.
  if (write === undefined && summary) return 'one pcapng';
  if (write === undefined && !wireshark) return 'text';
  if (write === undefined || write === '-') return hasSeveralTargets ? 'one pcapng' : 'one pcap';
  if (/\.pcapng$/i.test(write)) return 'one pcapng';
  if (hasSeveralTargets && /\.(pcap|cap|dmp)$/i.test(write))
    throw wrongUsage(
      `-w ${write}: a pcap file cannot hold several targets`,
      `write one pcapng file with -w ${write.replace(/\.\w+$/, '.pcapng')}`,
      `or one file per target with -w ${write.replace(/\.\w+$/, '')}/`,
    );
  return hasSeveralTargets ? 'one pcapng' : 'one pcap';
}
