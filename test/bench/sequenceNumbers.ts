import { spawn } from 'node:child_process';
import { PcapCursor } from '../../src/pcap/pcapCursor.ts';

const ETHERNET = 14;
const UDP_HEADER = 8;
/** iperf3's datagrams start with seconds, microseconds, and the packet's number. */
const NUMBER_AT = 8;

/** The numbers of iperf3's datagrams to a port, as found by tcpdump in a capture on Ethernet. */
export async function* sequenceNumbersIn(file: string, port: number): AsyncGenerator<number> {
  const filter = spawn('tcpdump', ['-r', file, '-w', '-', `udp dst port ${port}`], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const cursor = new PcapCursor();
  for await (const chunk of filter.stdout as AsyncIterable<Buffer>) {
    cursor.push(chunk);
    while (cursor.next()) {
      const { bytes } = cursor;
      const ip = cursor.start + ETHERNET;
      const payload = ip + ((bytes[ip] ?? 0) & 15) * 4 + UDP_HEADER;
      yield bytes.readUInt32BE(payload + NUMBER_AT);
    }
  }
}
