import { execFileSync, spawnSync } from 'node:child_process';

/** Ethernet, IPv4 without options, UDP: the offset of the sender's number. */
const NUMBER_AT = 14 + 20 + 8;

export interface Packet {
  readonly number: number;
  /** Seconds since 1970. */
  readonly time: number;
}

/** The numbers of the sender's datagrams in a pcap file; throws if the file is incomplete. */
export function packetsIn(pcap: Buffer): Packet[] {
  const packets: Packet[] = [];
  // dumpcap 4.4 records nanoseconds, and says so in the first word (pcap-savefile(5)).
  const perSecond = pcap.readUInt32LE(0) === 0xa1b23c4d ? 1e9 : 1e6;
  let at = 24;
  while (at < pcap.length) {
    const length = pcap.readUInt32LE(at + 8);
    packets.push({
      number: pcap.readUInt32BE(at + 16 + NUMBER_AT),
      time: pcap.readUInt32LE(at) + pcap.readUInt32LE(at + 4) / perSecond,
    });
    at += 16 + length;
  }
  if (at !== pcap.length) throw new Error('the last packet is not whole');
  return packets;
}

/** How many packets tcpdump and capinfos find in a file; throws if they report an error. */
export function countedByOthers(file: string): { tcpdump: number; capinfos: number } {
  const read = spawnSync('tcpdump', ['-n', '-q', '-t', '-r', file], { encoding: 'utf8' });
  if (read.status !== 0 || /truncated/.test(read.stderr)) throw new Error(read.stderr);
  const table = execFileSync('capinfos', ['-Mrc', '-T', file], { encoding: 'utf8' });
  return {
    tcpdump: read.stdout.split('\n').length - 1,
    capinfos: Number(table.trim().split('\t').at(-1)),
  };
}
