import { spawn } from 'node:child_process';
import { FILE_HEADER_BYTES, isLittleEndian, recordLength } from '../../src/pcap/records.ts';

const ETHERNET = 14;
const RECORD_HEADER = 16;
const UDP_HEADER = 8;
/** iperf3's datagrams begin with seconds, microseconds, and the packet's number. */
const NUMBER_AT = 8;

/** The numbers of iperf3's datagrams to a port, as tcpdump finds them in a capture on Ethernet. */
export async function* sequenceNumbersIn(file: string, port: number): AsyncGenerator<number> {
  const filter = spawn('tcpdump', ['-r', file, '-w', '-', `udp dst port ${port}`], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  let rest: Buffer = Buffer.alloc(0);
  let littleEndian: boolean | undefined;
  for await (const chunk of filter.stdout as AsyncIterable<Buffer>) {
    const data = Buffer.concat([rest, chunk]);
    let at = 0;
    if (littleEndian === undefined) {
      if (data.length < FILE_HEADER_BYTES) {
        rest = data;
        continue;
      }
      littleEndian = isLittleEndian(data);
      at = FILE_HEADER_BYTES;
    }
    for (;;) {
      const length = recordLength(data, at, littleEndian);
      if (length === undefined || at + length > data.length) break;
      const ip = at + RECORD_HEADER + ETHERNET;
      const payload = ip + ((data[ip] ?? 0) & 15) * 4 + UDP_HEADER;
      yield data.readUInt32BE(payload + NUMBER_AT);
      at += length;
    }
    rest = data.subarray(at);
  }
}
