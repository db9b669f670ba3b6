/** The header of a pcap stream of raw IP packets. */
export function pcap(): Buffer {
  const header = Buffer.alloc(24);
  header.writeUInt32LE(0xa1b2c3d4, 0);
  header.writeUInt32LE(65_535, 16);
  header.writeUInt32LE(101, 20);
  return header;
}

/** A record of a packet that opens a connection. */
export function callTo(from: string, to: string): Buffer {
  const record = Buffer.alloc(16 + 40);
  record.writeUInt32LE(40, 8);
  record.writeUInt32LE(40, 12);
  const ip = record.subarray(16);
  ip[0] = 0x45;
  ip[9] = 6;
  ip.set([...from.split('.'), ...to.split('.')].map(Number), 12);
  ip.writeUInt16BE(40_000, 20);
  ip.writeUInt16BE(80, 22);
  ip[33] = 0x02;
  return record;
}
