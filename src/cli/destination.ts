import { stat } from 'node:fs/promises';
import { wrongUsage } from '../problem.ts';
import type { OutputArguments } from './captureOutput.ts';

/** Where packets go. */
export type Destination = 'text' | 'one pcap' | 'one pcapng' | 'a folder';

/** Whether -w names a folder: one that exists, or a name that ends as one. */
export async function namesFolder(write: string | undefined): Promise<boolean> {
  if (write === undefined || write === '-') return false;
  if (/[/\\]$/.test(write)) return true;
  return (await stat(write).catch(() => undefined))?.isDirectory() === true;
}

/**
 * The destination that the output flags name, if that is not a folder. A file of several targets is pcapng, since
 * classic pcap cannot tell them apart; of one target the name decides, as in Wireshark. Throws a Problem for several
 * targets and a classic name.
 */
export function destinationOf(
  { write, wireshark, summary }: OutputArguments,
  takesSeveral: boolean,
): Destination {
  // A summary names the pods, which only pcapng can.
  if (write === undefined && summary) return 'one pcapng';
  if (write === undefined && !wireshark) return 'text';
  if (write === undefined || write === '-') return takesSeveral ? 'one pcapng' : 'one pcap';
  if (/\.pcapng$/i.test(write)) return 'one pcapng';
  if (takesSeveral && /\.(pcap|cap|dmp)$/i.test(write))
    throw wrongUsage(
      `-w ${write}: a pcap file cannot hold several targets`,
      `write one pcapng file with -w ${write.replace(/\.\w+$/, '.pcapng')}`,
      `or one file per target with -w ${write.replace(/\.\w+$/, '')}/`,
    );
  return takesSeveral ? 'one pcapng' : 'one pcap';
}
